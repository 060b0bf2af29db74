package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// manual prints the manual into a folder, for the practice's own folder.
func manual(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return usageError("manual takes one argument, the folder for the PDF files")
	}
	if err := os.MkdirAll(args[0], 0o755); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	if err := ensure(ctx, browserPackages); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "tfa-manual-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(work)
	site := filepath.Join(work, "site")
	if out, err := exec.CommandContext(ctx, "go", "run", "./cmd/tfa-web", "export", site).CombinedOutput(); err != nil {
		return fmt.Errorf("making the pages: %w\n%s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	defer listener.Close()
	go http.Serve(listener, http.FileServer(http.Dir(site)))
	allocator, stop := chromedp.NewExecAllocator(ctx, chromedp.ExecPath("chromium"), chromedp.UserDataDir(filepath.Join(work, "profile")), chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-dev-shm-usage", true))
	defer stop()
	tab, cancel := chromedp.NewContext(allocator)
	defer cancel()
	documents, err := filepath.Glob(filepath.Join(site, "tfa", "*.html"))
	if err != nil {
		return fmt.Errorf("looking for the manual: %w", err)
	}
	for _, document := range documents {
		file, err := printTo(tab, args[0], "http://"+listener.Addr().String()+"/tfa/"+filepath.Base(document))
		if err != nil {
			return fmt.Errorf("printing %s: %w", document, err)
		}
		fmt.Println(file)
	}
	return nil
}

// printTo prints a page, on the paper that its style sheet asks for, into a file
// named after its language.
func printTo(tab context.Context, folder, address string) (string, error) {
	if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
		return "", err
	}
	language, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.documentElement.lang`))
	if err != nil {
		return "", err
	}
	printed, err := chromedp.Call(tab, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true), GenerateTaggedPDF: new(true), GenerateDocumentOutline: new(true)})
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, "two-factor-rdp-"+language+".pdf")
	return file, os.WriteFile(file, printed.Data, 0o644)
}
