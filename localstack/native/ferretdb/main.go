// FerretDB with SQLite behind it: what stands in for MongoDB where there is no mongod. Ends on SIGTERM and Ctrl-C.
package main

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:18001", "address to listen on")
	data := flag.String("data", "", "folder of the SQLite files; it has to be there")
	flag.Parse()

	until, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(until, *listen, *data); err != nil {
		slog.Error("FerretDB ended", "error", err)
		os.Exit(1)
	}
}

func run(until context.Context, listen, data string) error {
	// The path of a socket may be about a hundred octets long, and the data folder's may not be that short.
	folder, err := os.MkdirTemp("", "ferretdb-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	behind := filepath.Join(folder, "socket")
	// Every request would be a line below warn.
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{Unix: behind},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + data + "/",
	})
	if err != nil {
		return err
	}
	gate, err := openGate(listen, behind)
	if err != nil {
		return err
	}
	defer gate.close()
	go gate.serve()
	return server.Run(until)
}
