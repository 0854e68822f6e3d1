// SPDX-License-Identifier: Apache-2.0

package qr_test

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/internal/qr"
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

func TestSVGHoldsNothingButTheDrawing(t *testing.T) {
	raw, err := qr.SVG(link)
	if err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(raw))
	var seen []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			seen = append(seen, start.Name.Local)
		}
	}
	if got := fmt.Sprint(seen); got != "[svg path path]" {
		t.Errorf("elements %s", got)
	}
	if data, _, _ := qr.Path(link); !strings.Contains(string(raw), data) {
		t.Error("the modules are not those of Path")
	}
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

func TestReadManyForms(t *testing.T) {
	data, side, err := qr.Path(link)
	if err != nil {
		t.Fatal(err)
	}
	code := draw6(t, data, side)
	forms := map[string]image.Image{
		"on a page":         placed(code, 1280, 800, 700, 200),
		"on a large page":   placed(code, 4000, 3000, 2100, 900),
		"light on dark":     changed(code, func(c color.Gray) color.Color { return color.Gray{^c.Y} }),
		"grey on grey":      changed(code, func(c color.Gray) color.Color { return color.Gray{90 + c.Y/4} }),
		"see-through paper": changed(code, func(c color.Gray) color.Color { return color.NRGBA{0, 0, 0, ^c.Y} }),
		"two bytes a shade": changed(code, func(c color.Gray) color.Color { return color.Gray16{uint16(c.Y) << 8} }),
	}
	for name, picture := range forms {
		t.Run(name, func(t *testing.T) { expect(t, encode(t, picture), link) })
	}
	t.Run("photo", func(t *testing.T) {
		var raw bytes.Buffer
		if err := jpeg.Encode(&raw, placed(code, 1600, 1200, 300, 300), &jpeg.Options{Quality: 60}); err != nil {
			t.Fatal(err)
		}
		expect(t, raw.Bytes(), link)
	})
}

func TestTextsOutOfBounds(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "too long": strings.Repeat("x", qr.MaxText+1)} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			_, errSVG := qr.SVG(text)
			_, errPNG := qr.PNG(text)
			for _, err := range []error{errSVG, errPNG, qr.Terminal(&out, text)} {
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

func TestReadRefuses(t *testing.T) {
	whole, err := qr.PNG(link)
	if err != nil {
		t.Fatal(err)
	}
	gif := []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;")
	cases := map[string]struct {
		raw  []byte
		want error
	}{
		"nothing":          {nil, qr.ErrImage},
		"text":             {[]byte("openid4vp://"), qr.ErrImage},
		"another format":   {gif, qr.ErrImage},
		"cut off":          {whole[:len(whole)/2], qr.ErrImage},
		"a bomb":           {bomb(40_000, 40_000), qr.ErrImage},
		"a long bomb":      {bomb(1<<31-1, 1), qr.ErrImage},
		"no pixel":         {bomb(0, 0), qr.ErrImage},
		"too many bytes":   {append(bytes.Clone(whole), make([]byte, qr.MaxImage)...), qr.ErrImage},
		"white":            {encode(t, canvas(300)), qr.ErrNone},
		"one pixel":        {encode(t, canvas(1)), qr.ErrNone},
		"a line":           {encode(t, image.NewGray(image.Rect(0, 0, 9000, 1))), qr.ErrNone},
		"corners all over": {encode(t, corners(2400)), qr.ErrNone},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if text, err := qr.Read(bytes.NewReader(c.raw)); !errors.Is(err, c.want) || text != "" {
				t.Errorf("got %q, %v, want %v", text, err, c.want)
			}
		})
	}
}

// The pixels of an image beyond the bounds are never asked for.
func TestBombCostsNothing(t *testing.T) {
	raw := bomb(60_000, 60_000)
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			_, _ = qr.Read(bytes.NewReader(raw))
		}
	}).AllocedBytesPerOp()
	if allocated > 64<<10 {
		t.Errorf("%d bytes were allocated to refuse a bomb of %d", allocated, len(raw))
	}
}

func TestReadFails(t *testing.T) {
	broken := errors.New("unplugged")
	if _, err := qr.Read(io.MultiReader(strings.NewReader("\x89PNG"), fails{broken})); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestAnyTextIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~]{1,300}`).Draw(t, "text")
		raw, err := qr.PNG(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := qr.Read(bytes.NewReader(raw)); err != nil || got != text {
			t.Fatalf("read %q, %v", got, err)
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, text := range texts() {
		raw, err := qr.PNG(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add(bomb(3, 3))
	f.Add([]byte("\xff\xd8\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		text, err := qr.Read(bytes.NewReader(raw))
		if (text == "") == (err == nil) {
			t.Fatalf("text %q with error %v", text, err)
		}
		if err != nil && !errors.Is(err, qr.ErrImage) && !errors.Is(err, qr.ErrNone) {
			t.Fatalf("another error: %v", err)
		}
	})
}

// A checksum keeps what FuzzRead changes in a PNG from its pixels; here the pixels are what changes.
func FuzzReadPixels(f *testing.F) {
	for _, text := range []string{"a", link} {
		data, side, err := qr.Path(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(modules(data, side))
	}
	f.Fuzz(func(t *testing.T, shades []byte) {
		side := int(math.Sqrt(float64(len(shades))))
		if side == 0 || side > 120 {
			return
		}
		picture := canvas(3 * side)
		for i, shade := range shades[:side*side] {
			x, y := i%side, i/side
			draw.Draw(picture, image.Rect(3*x, 3*y, 3*x+3, 3*y+3), image.NewUniform(color.Gray{shade}), image.Point{}, draw.Src)
		}
		if text, err := qr.Read(bytes.NewReader(encode(t, picture))); (text == "") == (err == nil) {
			t.Fatalf("text %q with error %v", text, err)
		}
	})
}

// modules draws a path at one byte a module.
func modules(data string, side int) []byte {
	out := bytes.Repeat([]byte{0xff}, side*side)
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1`).FindAllStringSubmatch(data, -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		n, _ := strconv.Atoi(m[3])
		for i := range n {
			out[y*side+x+i] = 0
		}
	}
	return out
}

func ExampleTerminal() {
	if err := qr.Terminal(io.Discard, link); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("drawn")
	// Output: drawn
}

type fails struct{ err error }

func (f fails) Read([]byte) (int, error) { return 0, f.err }

func expect(t *testing.T, raw []byte, want string) {
	t.Helper()
	got, err := qr.Read(bytes.NewReader(raw))
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

// placed shows a code somewhere on a larger white page.
func placed(code image.Image, width, height, x, y int) image.Image {
	page := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(page, page.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(page, code.Bounds().Add(image.Pt(x, y)), code, image.Point{}, draw.Src)
	return page
}

// changed shows a code in other colours.
func changed(code image.Image, to func(color.Gray) color.Color) image.Image {
	first := to(color.Gray{})
	var out draw.Image = image.NewNRGBA(code.Bounds())
	if _, deep := first.(color.Gray16); deep {
		out = image.NewGray16(code.Bounds())
	}
	for y := range code.Bounds().Dy() {
		for x := range code.Bounds().Dx() {
			out.Set(x, y, to(color.GrayModel.Convert(code.At(x, y)).(color.Gray)))
		}
	}
	return out
}

// corners is a page of nothing but finder patterns: a search for three that belong together would
// try some 10^13 of them.
func corners(side int) image.Image {
	picture := canvas(side)
	for y := 2; y+16 < side; y += 18 {
		for x := 2; x+16 < side; x += 18 {
			for _, ring := range []struct {
				in    int
				paint image.Image
			}{{0, image.Black}, {2, image.White}, {4, image.Black}} {
				draw.Draw(picture, image.Rect(x+ring.in, y+ring.in, x+14-ring.in, y+14-ring.in), ring.paint, image.Point{}, draw.Src)
			}
		}
	}
	return picture
}

// bomb is a PNG that says it is of the given size and holds no pixel.
func bomb(width, height uint32) []byte {
	raw := []byte("\x89PNG\r\n\x1a\n")
	header := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	header = append(binary.BigEndian.AppendUint32(header, height), 8, 0, 0, 0, 0)
	raw = binary.BigEndian.AppendUint32(raw, uint32(len(header)-4))
	raw = append(raw, header...)
	return binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(header))
}
