package desktop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// Screenshot returns what the display shows now.
func (d *Desktop) Screenshot() (*image.RGBA, error) {
	width, height := d.screen.WidthInPixels, d.screen.HeightInPixels
	reply, err := xproto.GetImage(d.conn, xproto.ImageFormatZPixmap, xproto.Drawable(d.screen.Root),
		0, 0, width, height, 1<<32-1).Reply()
	if err != nil {
		return nil, fmt.Errorf("reading the display: %w", d.orEnded(err))
	}
	img := image.NewRGBA(image.Rect(0, 0, int(width), int(height)))
	if len(reply.Data) < len(img.Pix) {
		return nil, fmt.Errorf("reading the display: %d bytes for %d pixels", len(reply.Data), len(img.Pix)/4)
	}
	swap := xproto.Setup(d.conn).ImageByteOrder == xproto.ImageOrderLSBFirst
	for i := 0; i < len(img.Pix); i += 4 {
		p := reply.Data[i : i+4] // blue, green, red, nothing; or the other way round
		if swap {
			img.Pix[i], img.Pix[i+1], img.Pix[i+2] = p[2], p[1], p[0]
		} else {
			img.Pix[i], img.Pix[i+1], img.Pix[i+2] = p[1], p[2], p[3]
		}
		img.Pix[i+3] = 0xff
	}
	return img, nil
}

// lookEvery is how often a wait looks. The X server tells of what is drawn, but
// was seen to stay silent about what OpenGL draws in software, so it is not
// relied on.
const lookEvery = 50 * time.Millisecond

// WaitFor looks at the display, now and whenever it looks different, until cond
// holds of it, and returns what it looks like then. When ctx is done first, it
// returns what it looks like without, with an error.
func (d *Desktop) WaitFor(ctx context.Context, cond func(*image.RGBA) bool) (*image.RGBA, error) {
	var last *image.RGBA
	err := d.poll(ctx, func() (bool, error) {
		img, err := d.Screenshot()
		if err != nil || last != nil && bytes.Equal(img.Pix, last.Pix) {
			return false, err
		}
		last = img
		return cond(img), nil
	})
	if err != nil {
		return last, fmt.Errorf("waiting for the display: %w", err)
	}
	return last, nil
}

// poll calls done, now and every lookEvery, until it says so or errs.
func (d *Desktop) poll(ctx context.Context, done func() (bool, error)) error {
	again := time.NewTicker(lookEvery)
	defer again.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-again.C:
		case <-d.ended:
			return ErrEnded
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// orEnded says what a broken connection is the consequence of: what is no answer
// of the server is its end.
func (d *Desktop) orEnded(err error) error {
	if answer := (xgb.Error)(nil); errors.As(err, &answer) {
		return err
	}
	return errors.Join(ErrEnded, err)
}
