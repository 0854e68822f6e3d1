// SPDX-License-Identifier: Apache-2.0

package qr_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/internal/qr"
	"github.com/behalf-id/behalf/internal/qr/scan"
)

const link = "openid4vp://?client_id=x509_san_dns%3Agateway.example.org&request_uri=https%3A%2F%2Fgateway.example.org%2Fvp%2Frequest%2F4c2n"

func texts() map[string]string {
	return map[string]string{
		"one byte":  "a",
		"link":      link,
		"utf-8":     "Ŵyl · naïve ✓",
		"digits":    "0123456789",
		"offer":     "openid-credential-offer://?credential_offer=" + strings.Repeat("%7B%22a%22", 60),
		"the limit": strings.Repeat("x", qr.MaxText),
	}
}

func TestPNGIsReadBack(t *testing.T) {
	for name, text := range texts() {
		t.Run(name, func(t *testing.T) {
			raw, err := qr.PNG(text)
			if err != nil {
				t.Fatal(err)
			}
			expect(t, raw, text)
		})
	}
}

// A path is a drawing for an SVG reader: here one draws it who knows the four commands used.
func TestPathIsReadBack(t *testing.T) {
	for name, text := range texts() {
		t.Run(name, func(t *testing.T) {
			data, side, err := qr.Path(text)
			if err != nil {
				t.Fatal(err)
			}
			expect(t, encode(t, draw6(t, data, side)), text)
		})
	}
}

// draw6 draws the runs of a path, six pixels to a unit.
func draw6(t *testing.T, data string, side int) image.Image {
	t.Helper()
	const unit = 6
	picture := canvas(side * unit)
	run := regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)
	if rest := run.ReplaceAllString(data, ""); rest != "" {
		t.Fatalf("the path holds more than runs: %.40q", rest)
	}
	for _, m := range run.FindAllStringSubmatch(data, -1) {
		x, y, n := number(t, m[1]), number(t, m[2]), number(t, m[3])
		draw.Draw(picture, image.Rect(x*unit, y*unit, (x+n)*unit, (y+1)*unit), image.Black, image.Point{}, draw.Src)
	}
	return picture
}

// The block characters, drawn as a terminal draws them, are the code.
func TestTerminalIsReadBack(t *testing.T) {
	var out bytes.Buffer
	if err := qr.Terminal(&out, link); err != nil {
		t.Fatal(err)
	}
	var rows [][]rune
	for line := range strings.Lines(out.String()) {
		inner, ok := strings.CutPrefix(line, "\x1b[97;40m")
		inner, okEnd := strings.CutSuffix(inner, "\x1b[0m\n")
		if !ok || !okEnd || strings.Contains(inner, "\x1b") {
			t.Fatalf("line %q does not set and reset its colours", line)
		}
		rows = append(rows, []rune(inner))
	}
	const unit = 8
	picture := canvas(unit * max(len(rows[0]), 2*len(rows)))
	for y, row := range rows {
		for x, r := range row {
			for half, light := range [2]bool{r == '█' || r == '▀', r == '█' || r == '▄'} {
				if !light {
					at := image.Rect(x*unit, (2*y+half)*unit, (x+1)*unit, (2*y+half+1)*unit)
					draw.Draw(picture, at, image.Black, image.Point{}, draw.Src)
				}
			}
		}
	}
	expect(t, encode(t, picture), link)
}

func TestTextsOutOfBounds(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "too long": strings.Repeat("x", qr.MaxText+1)} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			_, _, errPath := qr.Path(text)
			_, errPNG := qr.PNG(text)
			for _, err := range []error{errPath, errPNG, qr.Terminal(&out, text)} {
				if !errors.Is(err, qr.ErrText) {
					t.Errorf("got %v, want ErrText", err)
				}
			}
			if out.Len() > 0 {
				t.Error("something was written")
			}
		})
	}
}

func TestAnyTextIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~]{1,300}`).Draw(t, "text")
		raw, err := qr.PNG(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := scan.Read(bytes.NewReader(raw)); err != nil || got != text {
			t.Fatalf("read %q, %v", got, err)
		}
	})
}

func ExampleTerminal() {
	if err := qr.Terminal(io.Discard, link); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("drawn")
	// Output: drawn
}

func expect(t *testing.T, raw []byte, want string) {
	t.Helper()
	got, err := scan.Read(bytes.NewReader(raw))
	if err != nil || got != want {
		t.Fatalf("read %.60q, %v; want %.60q", got, err, want)
	}
}

func encode(t *testing.T, picture image.Image) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := png.Encode(&raw, picture); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// canvas is a white square.
func canvas(side int) *image.Gray {
	picture := image.NewGray(image.Rect(0, 0, side, side))
	draw.Draw(picture, picture.Bounds(), image.White, image.Point{}, draw.Src)
	return picture
}
