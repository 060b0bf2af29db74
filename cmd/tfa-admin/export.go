package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/skip2/go-qrcode"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// exportCommand hands out the secrets of a practice, for another product.
type exportCommand struct {
	Practice string `arg:"" help:"Name of the practice, like EV-0000."`
	Secrets  bool   `help:"Needed: says that the secrets may leave the store."`
	Format   string `enum:"otpauth,migration" default:"otpauth" help:"otpauth: a key URI for each account; migration: codes with several, for Google Authenticator and others."`
	PerCode  int    `enum:"5,10" default:"10" help:"At most so many accounts in a migration code: 5 or 10."`
	To       string `placeholder:"FILE" xor:"to" help:"A new file that only you can read; - is standard output, on a terminal too."`
	QR       string `name:"qr" placeholder:"FOLDER" xor:"to" help:"Pictures of QR codes in a new folder, instead of text."`
	Force    bool   `help:"Write over files that are there."`
}

// exported is one key URI or migration code.
type exported struct {
	accounts []string
	name     string // of a picture
	uri      string
}

// exportDocument is the same in JSON: the URI stands here, or in the file.
type exportDocument struct {
	Practice string   `json:"practice"`
	Accounts []string `json:"accounts"`
	URI      *string  `json:"uri"`
	File     *string  `json:"file"`
}

// Run finds a place for the secrets before it asks for them, because the log
// says from then on that they were handed out.
func (c exportCommand) Run(d *desk) error {
	if !c.Secrets {
		return hinted{refusal("an export holds all that is needed to make the codes of the practice"), "--secrets says that you want that; it is in the log"}
	}
	if c.To == "" && c.QR == "" && isTerminal(d.out) {
		return hinted{refusal("the secrets would stay on this screen"), "--to FILE writes them to a file, --to - prints them all the same"}
	}
	return d.with(c.Practice, func(h core.Helpdesk, actor core.Actor) error {
		overview, err := h.Overview(d.ctx, actor)
		if err != nil {
			return err
		}
		c.Practice = overview.Practice.Name
		out, err := c.outlet(d)
		if err != nil {
			return err
		}
		defer out.abandon()
		all, err := h.Export(d.ctx, actor)
		if err != nil {
			return err
		}
		items, err := c.items(all)
		if err != nil {
			return err
		}
		if err := out.write(items); err != nil {
			return fmt.Errorf("writing the export: %w", err)
		}
		return c.tell(d, overview, all, items)
	})
}

// items turns secrets into what is written.
func (c exportCommand) items(all []core.Disclosure) ([]exported, error) {
	var items []exported
	var keys []otp.Key
	for _, one := range all {
		items = append(items, exported{[]string{one.Account}, one.Account, one.URI})
		key, err := otp.ParseURI(one.URI)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if c.Format == "otpauth" {
		return items, nil
	}
	items = nil
	for _, batch := range otp.Batches(keys, c.PerCode, otp.NewBatchID()) {
		uri, err := batch.URI()
		if err != nil {
			return nil, err
		}
		code := exported{name: fmt.Sprintf("%s-code-%d-of-%d", c.Practice, batch.Index+1, batch.Size), uri: uri}
		for _, one := range all[:len(batch.Keys)] {
			code.accounts = append(code.accounts, one.Account)
		}
		all = all[len(batch.Keys):]
		items = append(items, code)
	}
	return items, nil
}

// outlet is where an export goes.
type outlet struct {
	write func([]exported) error
	// abandon removes what is only half there; nothing once it was written.
	abandon func()
}

// outlet makes the place, so that what can go wrong with it goes wrong before
// anything is handed out.
func (c exportCommand) outlet(d *desk) (outlet, error) {
	switch {
	case c.QR != "":
		return c.folder()
	case c.To != "" && c.To != "-":
		return c.file(d)
	case d.json:
		return outlet{func(items []exported) error { return d.printJSON(c.documents(items)) }, func() {}}, nil
	}
	return outlet{func(items []exported) error { return writeLines(d.out, items) }, func() {}}, nil
}

func writeLines(w io.Writer, items []exported) error {
	for _, item := range items {
		if _, err := fmt.Fprintln(w, item.uri); err != nil {
			return err
		}
	}
	return nil
}

// file is a new file of this account alone. With --force it takes the place of
// another one when it is whole.
func (c exportCommand) file(d *desk) (outlet, error) {
	var file *os.File
	var err error
	if c.Force {
		file, err = os.CreateTemp(filepath.Dir(c.To), ".export-*")
	} else {
		file, err = os.OpenFile(c.To, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return outlet{}, hinted{refusal("there is a file " + c.To + " already"), "--force writes over it"}
	case err != nil:
		return outlet{}, fmt.Errorf("making the export: %w", err)
	}
	done := false
	return outlet{
		write: func(items []exported) error {
			err := errors.Join(writeLines(file, items), file.Sync(), file.Close())
			if err == nil && c.Force {
				err = os.Rename(file.Name(), c.To)
			}
			done = err == nil
			return err
		},
		abandon: func() {
			if !done {
				file.Close()
				os.Remove(file.Name())
			}
		},
	}, nil
}

// pixels is the size of a dot in the pictures.
const pixels = 6

// folder is a new folder of this account alone, with a picture of each QR code.
func (c exportCommand) folder() (outlet, error) {
	if err := os.MkdirAll(c.QR, 0o700); err != nil {
		return outlet{}, fmt.Errorf("making the export: %w", err)
	}
	there, err := os.ReadDir(c.QR)
	if err != nil {
		return outlet{}, fmt.Errorf("making the export: %w", err)
	}
	if len(there) > 0 && !c.Force {
		return outlet{}, hinted{refusal("the folder " + c.QR + " is not empty"), "--force writes over what is in it"}
	}
	write := func(items []exported) error {
		for _, item := range items {
			if err := c.picture(item); err != nil {
				return err
			}
		}
		return nil
	}
	return outlet{write, func() {}}, nil
}

// picture writes one QR code. The text of a migration code is made for level low.
func (c exportCommand) picture(item exported) error {
	level := qrcode.Medium
	if c.Format == "migration" {
		level = qrcode.Low
	}
	code, err := qrcode.New(item.uri, level)
	if err != nil {
		return err
	}
	png, err := code.PNG(-pixels)
	if err != nil {
		return err
	}
	path := c.picturePath(item)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // it may be open to others
		return err
	}
	return os.WriteFile(path, png, 0o600)
}

func (c exportCommand) picturePath(item exported) string {
	return filepath.Join(c.QR, item.name+".png")
}

func (c exportCommand) documents(items []exported) []exportDocument {
	documents := []exportDocument{}
	for _, item := range items {
		document := exportDocument{Practice: c.Practice, Accounts: item.accounts, URI: &item.uri}
		switch {
		case c.QR != "":
			path := c.picturePath(item)
			document.URI, document.File = nil, &path
		case c.To != "" && c.To != "-":
			document.URI, document.File = nil, &c.To
		}
		documents = append(documents, document)
	}
	return documents
}

// tell says what was handed out, beside it.
func (c exportCommand) tell(d *desk, overview core.Overview, all []core.Disclosure, items []exported) error {
	to := "standard output"
	switch {
	case c.QR != "":
		to = c.QR
	case c.To != "" && c.To != "-":
		to = c.To
	}
	fmt.Fprintf(d.err, "%s: the secrets of %d %s went to %s; the log of %s says so\n",
		program, len(all), plural(len(all), "account", "accounts"), to, overview.Practice.Name)
	var without []string
	for _, account := range overview.Accounts {
		if account.State != core.SecretActive {
			without = append(without, account.Name)
		}
	}
	if len(without) > 0 {
		fmt.Fprintf(d.err, "%s: left out, without an active QR code: %s\n", program, strings.Join(without, ", "))
	}
	if to == "standard output" || !d.json {
		return nil
	}
	return d.printJSON(c.documents(items))
}
