// SPDX-License-Identifier: Apache-2.0

package scan_test

import (
	"bytes"
	"encoding/binary"
	"errors"
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

	"github.com/behalf-id/behalf/internal/qr"
	"github.com/behalf-id/behalf/internal/qr/scan"
)

const link = "openid4vp://?client_id=x509_san_dns%3Agateway.example.org&request_uri=https%3A%2F%2Fgateway.example.org%2Fvp%2Frequest%2F4c2n"

func TestReadManyForms(t *testing.T) {
	raw, err := qr.PNG(link)
	if err != nil {
		t.Fatal(err)
	}
	code, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
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

// TestReadSmall reads a code off the screen of a phone, where a module is three pixels and a bit wide.
func TestReadSmall(t *testing.T) {
	long := link + "&state=" + strings.Repeat("4c2nQ7", 40) // many modules, each of them small
	raw, err := qr.PNG(long)
	if err != nil {
		t.Fatal(err)
	}
	code, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	_, modules, err := qr.Path(long)
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range []float64{2.6, 2.9, 3.2, 3.4} {
		expect(t, encode(t, placed(resampled(code, module*float64(modules)/float64(code.Bounds().Dx())), 390, 700, 60, 200)), long)
	}
}

// resampled returns picture at another size, each pixel the mean of what it covers, as a screen has it.
func resampled(picture image.Image, by float64) image.Image {
	const parts = 8
	size := int(by * float64(picture.Bounds().Dx()))
	out := image.NewGray(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			sum := 0
			for i := range parts * parts {
				at := color.GrayModel.Convert(picture.At(int((float64(x)+float64(i%parts)/parts)/by), int((float64(y)+float64(i/parts)/parts)/by)))
				sum += int(at.(color.Gray).Y)
			}
			out.SetGray(x, y, color.Gray{byte(sum / parts / parts)})
		}
	}
	return out
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
		"nothing":          {nil, scan.ErrImage},
		"text":             {[]byte("openid4vp://"), scan.ErrImage},
		"another format":   {gif, scan.ErrImage},
		"cut off":          {whole[:len(whole)/2], scan.ErrImage},
		"a bomb":           {bomb(40_000, 40_000), scan.ErrImage},
		"a long bomb":      {bomb(1<<31-1, 1), scan.ErrImage},
		"no pixel":         {bomb(0, 0), scan.ErrImage},
		"too many bytes":   {append(bytes.Clone(whole), make([]byte, scan.MaxImage)...), scan.ErrImage},
		"white":            {encode(t, canvas(300)), scan.ErrNone},
		"one pixel":        {encode(t, canvas(1)), scan.ErrNone},
		"a line":           {encode(t, image.NewGray(image.Rect(0, 0, 9000, 1))), scan.ErrNone},
		"corners all over": {encode(t, corners(2400)), scan.ErrNone},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if text, err := scan.Read(bytes.NewReader(c.raw)); !errors.Is(err, c.want) || text != "" {
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
			_, _ = scan.Read(bytes.NewReader(raw))
		}
	}).AllocedBytesPerOp()
	if allocated > 64<<10 {
		t.Errorf("%d bytes were allocated to refuse a bomb of %d", allocated, len(raw))
	}
}

func TestReadFails(t *testing.T) {
	broken := errors.New("unplugged")
	if _, err := scan.Read(io.MultiReader(strings.NewReader("\x89PNG"), fails{broken})); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{"a", link, "Ŵyl · naïve ✓", strings.Repeat("x", qr.MaxText)} {
		raw, err := qr.PNG(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add(bomb(3, 3))
	f.Add([]byte("\xff\xd8\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		text, err := scan.Read(bytes.NewReader(raw))
		if (text == "") == (err == nil) {
			t.Fatalf("text %q with error %v", text, err)
		}
		if err != nil && !errors.Is(err, scan.ErrImage) && !errors.Is(err, scan.ErrNone) {
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
		if text, err := scan.Read(bytes.NewReader(encode(t, picture))); (text == "") == (err == nil) {
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

type fails struct{ err error }

func (f fails) Read([]byte) (int, error) { return 0, f.err }

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
