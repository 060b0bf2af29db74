package desktop

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"os/exec"
	"strings"
	"time"
)

// QR is a QR code that was found in a picture.
type QR struct {
	Text string
	// Bounds is where it stands, without its margin; empty if it does not stand
	// upright.
	Bounds image.Rectangle
}

// ReadQR returns the QR codes in a picture; none is no error. It asks zbarimg.
func ReadQR(ctx context.Context, img image.Image) ([]QR, error) {
	texts, err := zbar(ctx, img)
	if err != nil || len(texts) == 0 {
		return nil, err
	}
	// zbarimg does not tell where it found them, so it is asked again what
	// stands at the places that look like one.
	places := map[string]image.Rectangle{}
	for _, place := range findQR(img) {
		there, err := zbar(ctx, cut(img, place.margined()))
		if err != nil {
			return nil, err
		}
		if len(there) == 1 {
			places[there[0]] = place.bounds
		}
	}
	var found []QR
	for _, text := range texts {
		found = append(found, QR{Text: text, Bounds: places[text]})
	}
	return found, nil
}

// zbar returns the texts of the QR codes in a picture.
func zbar(ctx context.Context, img image.Image) ([]string, error) {
	const nothingFound = 4 // exit status, of zbarimg(1)
	var picture bytes.Buffer
	if err := png.Encode(&picture, img); err != nil {
		return nil, fmt.Errorf("reading a QR code: %w", err)
	}
	// Over a pipe: the codes are secrets, and a file would stay behind.
	out, err := ask(ctx, &picture, "zbarimg", "--quiet", "--xml", "-Sdisable", "-Sqrcode.enable", "png:-")
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == nothingFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a QR code: %w", err)
	}
	return parseZbar(out)
}

// parseZbar reads the XML of zbarimg.
func parseZbar(document []byte) ([]string, error) {
	var barcodes struct {
		Data []struct {
			Format string `xml:"format,attr"`
			Text   string `xml:",chardata"`
		} `xml:"source>index>symbol>data"`
	}
	if err := xml.Unmarshal(document, &barcodes); err != nil {
		return nil, fmt.Errorf("reading a QR code: %w", err)
	}
	var texts []string
	for _, data := range barcodes.Data {
		if data.Format == "base64" { // what XML cannot hold
			plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(data.Text))
			if err != nil {
				return nil, fmt.Errorf("reading a QR code: %w", err)
			}
			data.Text = string(plain)
		}
		texts = append(texts, data.Text)
	}
	return texts, nil
}

// cut returns an area of a picture.
func cut(img image.Image, area image.Rectangle) image.Image {
	area = area.Intersect(img.Bounds())
	part := image.NewRGBA(image.Rect(0, 0, area.Dx(), area.Dy()))
	draw.Draw(part, part.Bounds(), img, area.Min, draw.Src)
	return part
}

// Reading says how to read text. Its zero value reads all of a picture.
type Reading struct {
	// Area is the part of the picture to read; empty for all of it.
	Area image.Rectangle
	// Scale enlarges the picture before: text of a screen is small for an eye
	// that is used to paper. 0 stands for 3.
	Scale int
	// Digits leaves nothing but digits to find.
	Digits bool
	// OneLine says that the area holds one line of text.
	OneLine bool
}

// ReadText returns the text in a picture, as tesseract reads it: with mistakes.
// Look for words, not for sentences.
func ReadText(ctx context.Context, img image.Image, how Reading) (string, error) {
	area := img.Bounds()
	if !how.Area.Empty() {
		area = area.Intersect(how.Area)
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, enlarge(img, area, cmp.Or(how.Scale, 3))); err != nil {
		return "", fmt.Errorf("reading text: %w", err)
	}
	args := []string{"-", "-", "-l", "eng", "--dpi", "288", "--psm", "11"} // sparse text, in no order
	if how.OneLine {
		args[len(args)-1] = "7"
	}
	if how.Digits {
		args = append(args, "-c", "tessedit_char_whitelist=0123456789")
	}
	out, err := ask(ctx, &picture, "tesseract", args...)
	if err != nil {
		return "", fmt.Errorf("reading text: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// enlarge returns an area of a picture in grey, enlarged with smooth edges.
func enlarge(img image.Image, area image.Rectangle, scale int) image.Image {
	grey := image.NewGray(image.Rect(0, 0, area.Dx(), area.Dy()))
	draw.Draw(grey, grey.Bounds(), img, area.Min, draw.Src)
	large := image.NewGray(image.Rect(0, 0, area.Dx()*scale, area.Dy()*scale))
	at := func(x, y int) int {
		return int(grey.GrayAt(min(x, area.Dx()-1), min(y, area.Dy()-1)).Y)
	}
	for y := range large.Rect.Dy() {
		for x := range large.Rect.Dx() {
			left, top, right, down := x/scale, y/scale, x%scale, y%scale
			upper := at(left, top)*(scale-right) + at(left+1, top)*right
			lower := at(left, top+1)*(scale-right) + at(left+1, top+1)*right
			large.SetGray(x, y, color.Gray{Y: byte((upper*(scale-down) + lower*down) / (scale * scale))})
		}
	}
	return large
}

// OathCode returns the 6-digit code of a base32 secret at a time, as oathtool
// computes it.
func OathCode(ctx context.Context, secret string, at time.Time) (string, error) {
	// The secret goes over a pipe: everybody can read command lines.
	out, err := ask(ctx, strings.NewReader(secret+"\n"), "oathtool", "--totp", "-b", "-d", "6",
		"-N", at.UTC().Format("2006-01-02 15:04:05 UTC"), "-")
	if err != nil {
		return "", fmt.Errorf("computing a code: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// ask runs a program with input and returns its output. Its error holds what
// the program complained about.
func ask(ctx context.Context, input io.Reader, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = input
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(complaint.Bytes()))
	}
	return out, nil
}
