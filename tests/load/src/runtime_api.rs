//! As much of the Lambda Runtime API as one function needs, and when the function came to each of its steps.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{Failure, http1};

/// How long a function may take for its next step.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks for a connection: nothing beside what is measured.
const LOOK_AGAIN: Duration = Duration::from_micros(50);
/// How long a read waits before it is seen whether the function still runs.
const READ: Duration = Duration::from_millis(20);
const NEXT: &[u8] = b"GET /2018-06-01/runtime/invocation/next ";
/// What comes with each event.
const EVENT_HEAD: &str = "Lambda-Runtime-Aws-Request-Id: 1\r\nLambda-Runtime-Deadline-Ms: 9999999999999\r\n\
     Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:local:0:function:f\r\n";

/// The API, for a function that is yet to be started.
pub(crate) struct RuntimeApi {
    listener: TcpListener,
    connection: Option<TcpStream>,
    input: Vec<u8>,
}

impl RuntimeApi {
    pub(crate) fn open() -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            connection: None,
            input: vec![],
        })
    }

    pub(crate) fn at(&self) -> Result<SocketAddr, Failure> {
        Ok(self.listener.local_addr()?)
    }

    /// Waits until the function asks for an event; says when that was. `lives` says that it has not ended.
    pub(crate) fn polled(
        &mut self,
        lives: &mut dyn FnMut() -> Result<(), Failure>,
    ) -> Result<Instant, Failure> {
        let (request, _) = self.request(lives)?;
        let at = Instant::now();
        match request.starts_with(NEXT) {
            true => Ok(at),
            false => Err(format!("no poll: {}", String::from_utf8_lossy(&request)).into()),
        }
    }

    /// Gives the function that waits an event; gives its answer and how long that took.
    pub(crate) fn call(
        &mut self,
        event: &Value,
        lives: &mut dyn FnMut() -> Result<(), Failure>,
    ) -> Result<(Value, Duration), Failure> {
        let given = Instant::now();
        self.answer("200 OK", EVENT_HEAD, event)?;
        let (_, body) = self.request(lives)?;
        let took = given.elapsed();
        self.answer("202 Accepted", "", &json!({"status": "OK"}))?;
        Ok((serde_json::from_slice(&body)?, took))
    }

    fn answer(&mut self, status: &str, more: &str, body: &Value) -> Result<(), Failure> {
        let mut bytes = vec![];
        http1::put_answer(status, more, &body.to_string(), &mut bytes);
        let connection = self.connection.as_mut().ok_or("nobody waits")?;
        Ok(connection.write_all(&bytes)?)
    }

    /// The head and the body of the function's next request, on a connection of any age.
    fn request(
        &mut self,
        lives: &mut dyn FnMut() -> Result<(), Failure>,
    ) -> Result<(Vec<u8>, Vec<u8>), Failure> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = http1::find(&self.input)? {
                let body = self.input[found.body.clone()].to_vec();
                let head = self.input[found.head].to_vec();
                self.input.drain(..found.body.end);
                return Ok((head, body));
            }
            if Instant::now() > until {
                return Err("the function did nothing for too long".into());
            }
            lives()?;
            self.read()?;
        }
    }

    /// Reads what has come, or looks for a new connection; either returns at once where there is nothing.
    fn read(&mut self) -> Result<(), Failure> {
        if let Ok((stream, _)) = self.listener.accept() {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(READ))?;
            self.connection = Some(stream);
        }
        let Some(connection) = &mut self.connection else {
            std::thread::sleep(LOOK_AGAIN);
            return Ok(());
        };
        let mut buffer = [0; 1 << 16];
        // Nothing yet, or a connection that was left: there will be another one.
        let count = connection.read(&mut buffer).unwrap_or(0);
        self.input.extend(&buffer[..count]);
        Ok(())
    }
}
