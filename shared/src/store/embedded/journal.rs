//! The log's file: records one behind the other, and nothing that is there ever changes.
//!
//! A record is its length, its CRC-32, and its fields by name in MessagePack. The file is written by one, in groups that
//! are made durable before anybody hears of them, and read by many. It knows bytes and records, and not what they mean.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::rows::Fault;
use crate::domain::event::Record;

/// What the file begins with: what it is, and the version of its form.
const MAGIC: [u8; 16] = *b"roomtone log 1\n\0";
/// Where the first record stands.
pub(super) const FIRST: u64 = MAGIC.len() as u64;
/// Octets before what a record says.
const HEAD: usize = 8;
/// Octets that it says it in at most; a length beyond is none.
const RECORD_BYTES_MAX: usize = 16 << 20;
/// Octets read at once by whoever goes through the file.
const READ_BYTES: usize = 64 << 10;

/// Octets read at once by whoever reads one record.
const ONE_READ_BYTES: usize = 2 << 10;

/// A record with its place in the file, in octets.
pub(super) struct Placed {
    pub(super) position: u64,
    pub(super) record: Record,
}

/// The file as many read it. Cheap to clone.
#[derive(Clone)]
pub(super) struct Journal {
    file: Arc<File>,
    path: Arc<Path>,
}

/// The file as the one has it who writes.
pub(super) struct JournalWriter {
    journal: Journal,
    end: u64,
    /// The group that is being written.
    group: Vec<u8>,
}

impl Journal {
    /// Opens the file, which is made where it is missing, and lets go of what a crash left half written behind the
    /// last whole record. The records before the offset `through` must all be there, the last of them at `place`; a file
    /// that lacks some is left as it is.
    pub(super) fn open(
        path: PathBuf,
        (place, through): (u64, u64),
    ) -> Result<(Self, JournalWriter), Fault> {
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        begin(&mut file)?;
        let journal = Self {
            file: Arc::new(file),
            path: path.into(),
        };
        let (mut walk, mut next) = (journal.walk(place)?, 0);
        while let Some(placed) = walk.next()? {
            next = placed.record.offset + 1;
        }
        if next < through {
            return Err(Fault::Journal("it ends before what is recorded of it"));
        }
        let (end, length) = (walk.position, journal.file.metadata()?.len());
        if end < length {
            let octets = length - end;
            tracing::warn!(octets, "the log ends with a record that was never finished");
            journal.file.set_len(end)?;
            journal.file.sync_all()?;
        }
        let writer = JournalWriter {
            journal: journal.clone(),
            end,
            group: vec![],
        };
        Ok((journal, writer))
    }

    /// The record at a place.
    pub(super) fn read(&self, position: u64) -> Result<Placed, Fault> {
        // Most records come with the first call.
        let mut octets = [0; ONE_READ_BYTES];
        let there = self.file.read_at(&mut octets, position)?;
        let Some((head, first)) = octets[..there].split_first_chunk() else {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        };
        let (length, sum) = parse(*head)?;
        if let Some(body) = first.get(..length) {
            return placed(position, body, sum);
        }
        let mut body = vec![0; length];
        self.file.read_exact_at(&mut body, position + HEAD as u64)?;
        placed(position, &body, sum)
    }

    /// Goes through the file from a place on.
    pub(super) fn walk(&self, position: u64) -> Result<Walk, Fault> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(position))?;
        Ok(Walk {
            file: BufReader::with_capacity(READ_BYTES, file),
            position,
        })
    }
}

/// Sees that the file is one of ours, or begins it.
fn begin(file: &mut File) -> Result<(), Fault> {
    let mut magic = vec![];
    file.take(FIRST).read_to_end(&mut magic)?;
    if magic == MAGIC {
        return Ok(());
    }
    // A crash may have come between making the file and beginning it.
    if !MAGIC.starts_with(&magic) {
        return Err(Fault::Journal("it is no log of this version"));
    }
    file.rewind()?;
    file.write_all(&MAGIC)?;
    Ok(file.sync_all()?)
}

fn parse(head: [u8; HEAD]) -> Result<(usize, u32), Fault> {
    let [a, b, c, d, sum @ ..] = head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length == 0 || length > RECORD_BYTES_MAX {
        return Err(Fault::Journal("a record has no length that can be"));
    }
    Ok((length, u32::from_le_bytes(sum)))
}

fn placed(position: u64, body: &[u8], sum: u32) -> Result<Placed, Fault> {
    if crc32fast::hash(body) != sum {
        return Err(Fault::Journal("a record is not what was written"));
    }
    Ok(Placed {
        position,
        record: rmp_serde::from_slice(body)?,
    })
}

/// On the way through the file.
pub(super) struct Walk {
    file: BufReader<File>,
    /// Where the next record stands.
    position: u64,
}

impl Walk {
    /// The next record; none where the file ends, or what comes is not whole.
    pub(super) fn next(&mut self) -> Result<Option<Placed>, Fault> {
        let mut head = [0; HEAD];
        if !fill(&mut self.file, &mut head)? {
            return Ok(None);
        }
        let Ok((length, sum)) = parse(head) else {
            return Ok(None);
        };
        let mut body = vec![0; length];
        if !fill(&mut self.file, &mut body)? {
            return Ok(None);
        }
        let found = placed(self.position, &body, sum).ok();
        if found.is_some() {
            self.position += (HEAD + length) as u64;
        }
        Ok(found)
    }
}

/// Fills the buffer; false where the file ends before it is full.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> Result<bool, Fault> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(why) => Err(why.into()),
    }
}

impl JournalWriter {
    /// Puts a record behind the group; gives its place.
    // A step of its own to tests/load/instructions.
    #[inline(never)]
    pub(super) fn put(&mut self, record: &Record) -> Result<u64, Fault> {
        let start = self.group.len();
        self.group.extend([0; HEAD]);
        let mut body = rmp_serde::Serializer::new(&mut self.group).with_struct_map();
        record.serialize(&mut body)?;
        let body = &self.group[start + HEAD..];
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let sum = crc32fast::hash(body);
        let head = &mut self.group[start..start + HEAD];
        head[..4].copy_from_slice(&length.to_le_bytes());
        head[4..].copy_from_slice(&sum.to_le_bytes());
        Ok(self.end + start as u64)
    }

    /// Makes the group durable; where that fails, nothing of it is there.
    pub(super) fn commit(&mut self) -> Result<(), Fault> {
        let file = &self.journal.file;
        file.write_all_at(&self.group, self.end)?;
        file.sync_data()?;
        self.end += self.group.len() as u64;
        self.group.clear();
        Ok(())
    }

    /// Takes back what a commit that failed may have left.
    pub(super) fn undo(&mut self) -> Result<(), Fault> {
        self.group.clear();
        self.journal.file.set_len(self.end)?;
        Ok(self.journal.file.sync_all()?)
    }
}
