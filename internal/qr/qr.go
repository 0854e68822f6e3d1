// SPDX-License-Identifier: Apache-2.0

// Package qr draws QR codes (ISO/IEC 18004), for links that go from one device to another. What reads
// them is package scan below: a server draws and never reads.
package qr

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mdp/qrterminal/v3"
	code "rsc.io/qr"
)

// Bounds of what is drawn.
const (
	MaxText   = 2048 // bytes in a text; more than this cannot be read off a screen
	quietZone = 4    // light modules around the code (ISO/IEC 18004 §9.1)
	scale     = 8    // pixels in a module's side, in a PNG
	easyText  = 512  // bytes up to which there is room for stronger error correction
)

// ErrText is the refusal of a text that is empty or longer than MaxText.
var ErrText = errors.New("qr: a text has 1 to 2048 bytes")

// Path returns the dark modules of text's code as the data of an SVG path, one unit to a module, and
// the side of the square that it is drawn in, quiet zone included. The drawing needs a light ground.
// A text that is empty or longer than MaxText is ErrText.
func Path(text string) (data string, side int, err error) {
	c, err := encode(text)
	if err != nil {
		return "", 0, err
	}
	var b strings.Builder
	for y := range c.Size {
		for x := 0; x < c.Size; {
			n := darkRun(c, x, y)
			if n == 0 {
				x++
				continue
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+quietZone, y+quietZone, n, n)
			x += n
		}
	}
	return b.String(), c.Size + 2*quietZone, nil
}

// darkRun counts the dark modules from x, y to the right.
func darkRun(c *code.Code, x, y int) int {
	n := 0
	for c.Black(x+n, y) {
		n++
	}
	return n
}

// PNG returns text's code as a PNG image. A text that is empty or longer than MaxText is ErrText.
func PNG(text string) ([]byte, error) {
	c, err := encode(text)
	if err != nil {
		return nil, err
	}
	c.Scale = scale
	return c.PNG(), nil
}

// Terminal writes text's code to w as block characters, two modules to a character, white on black
// whatever the colours of the terminal. A text that is empty or longer than MaxText is ErrText, and
// nothing is written.
func Terminal(w io.Writer, text string) error {
	if _, err := encode(text); err != nil {
		return err // the library would draw nothing, and fall over it
	}
	var drawn bytes.Buffer
	qrterminal.GenerateWithConfig(text, qrterminal.Config{
		Level: level(text), Writer: &drawn, HalfBlocks: true, QuietZone: quietZone,
	})
	var out bytes.Buffer
	for line := range bytes.Lines(drawn.Bytes()) {
		fmt.Fprintf(&out, "\x1b[97;40m%s\x1b[0m\n", bytes.TrimSuffix(line, []byte("\n")))
	}
	_, err := w.Write(out.Bytes())
	return err
}

func encode(text string) (*code.Code, error) {
	if text == "" || len(text) > MaxText {
		return nil, ErrText
	}
	c, err := code.Encode(text, level(text))
	if err != nil {
		return nil, fmt.Errorf("qr: encode: %w", err)
	}
	return c, nil
}

// level gives a long text the weaker error correction: on a screen small modules cost more readings
// than dirt does.
func level(text string) code.Level {
	if len(text) > easyText {
		return code.L
	}
	return code.M
}
