// A gate in front of FerretDB. MongoDB changes one document at a time and never in the middle of another change;
// FerretDB's SQLite backend reads a document, changes it and writes it back, and what came in between is lost. So
// here, updates pass one after another. Everything else passes as it comes.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
)

// Octets of a message at most: 48 MB is what MongoDB's protocol allows.
const messageBytesMax = 48_000_000

// Octets of a message's header, and of what stands before the document of an OP_MSG.
const headerBytes, beforeDocument = 16, 21

type gate struct {
	listener net.Listener
	behind   string
	updates  sync.Mutex
}

func openGate(listen, behind string) (*gate, error) {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, err
	}
	return &gate{listener: listener, behind: behind}, nil
}

func (gate *gate) close() { gate.listener.Close() }

func (gate *gate) serve() {
	for {
		client, err := gate.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			slog.Warn("a connection was not accepted", "error", err)
			continue
		}
		go gate.pass(client)
	}
}

// Hands one client's requests on, and the answers back: one answer to each.
func (gate *gate) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", gate.behind)
	if err != nil {
		slog.Warn("FerretDB does not answer", "error", err)
		return
	}
	defer server.Close()
	for {
		request, err := readMessage(client)
		if err != nil {
			return
		}
		answer, err := gate.ask(server, request)
		if err != nil {
			return
		}
		if _, err = client.Write(answer); err != nil {
			return
		}
	}
}

func (gate *gate) ask(server net.Conn, request []byte) ([]byte, error) {
	if isUpdate(request) {
		gate.updates.Lock()
		defer gate.updates.Unlock()
	}
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	return readMessage(server)
}

// The command is the name of the first field of the document: behind its length and its type.
func isUpdate(request []byte) bool {
	at := beforeDocument + 4 + 1
	if len(request) < at {
		return false
	}
	for _, command := range []string{"update\x00", "findAndModify\x00", "findandmodify\x00"} {
		if bytes.HasPrefix(request[at:], []byte(command)) {
			return true
		}
	}
	return false
}

func readMessage(from io.Reader) ([]byte, error) {
	header := make([]byte, headerBytes)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(header)
	if length < headerBytes || length > messageBytesMax {
		return nil, errors.New("a message of no proper length")
	}
	message := make([]byte, length)
	copy(message, header)
	_, err := io.ReadFull(from, message[headerBytes:])
	return message, err
}
