// Command tfa-web brings the pages for browsers to people: /otp shows the codes
// of who has no phone, /tfa is the manual with questions and answers.
//
//	tfa-web serve --listen ADDR [--cert FILE --key FILE]
//	tfa-web export DIR
//
// Serve is a web server of its own. ADDR is like :443 or 127.0.0.1:8080. With a
// certificate and its key (PEM) it speaks https, and takes new ones when the files
// have changed. Without, it speaks http: for a proxy on
// the same host, or for trying. Browsers make codes over https and on localhost
// only, and the page says so elsewhere. Serve ends on SIGINT and SIGTERM, after
// it has answered. It keeps no log of visitors, and gets no secret from them.
//
// Export writes the same pages as files, for any web server. Paths in them are
// relative: DIR may stand anywhere below an address with https. What a server
// should send beside the files is told by the README.
//
// Exit status: 0 done, 1 refused, 2 a fault: the command line, an address that
// can't be listened on, a file that can't be read or written.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
