// SPDX-License-Identifier: Apache-2.0

package browser_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPictures makes the pictures in docs/pages when BEHALF_UPDATE_PAGES is 1. They are for people:
// fonts differ from machine to machine, and nothing compares them.
func TestPictures(t *testing.T) {
	folder := t.TempDir()
	if os.Getenv("BEHALF_UPDATE_PAGES") == "1" {
		folder = filepath.Join("..", "..", "docs", "pages")
	}
	browser, g := start(t), show(t)
	for _, s := range screens() {
		b := open(t, browser, s)
		for _, path := range []string{"offer", "consent", "request", "request-here", "presented", "done", "problem"} {
			t.Run(path+" "+s.name, func(t *testing.T) {
				b.do(t, chromedp.Navigate(g.origin+"/"+path))
				raw := small(t, b.wholePicture(t))
				if len(raw) > 60<<10 {
					t.Errorf("the picture has %d bytes", len(raw))
				}
				if err := os.WriteFile(filepath.Join(folder, path+"-"+s.name+".png"), raw, 0o644); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// small returns a picture with the colours that it needs most.
func small(t *testing.T, raw []byte) []byte {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewPaletted(picture.Bounds(), mostUsed(picture))
	draw.Draw(out, out.Bounds(), picture, image.Point{}, draw.Src)
	var small bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&small, out); err != nil {
		t.Fatal(err)
	}
	return small.Bytes()
}

// mostUsed returns the 256 colours that a picture has most of; the rest are shades at the edges of
// letters, which have a neighbour among them.
func mostUsed(picture image.Image) color.Palette {
	count := map[color.Color]int{}
	bounds := picture.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[picture.At(x, y)]++
		}
	}
	all := make(color.Palette, 0, len(count))
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.Color) int { return count[b] - count[a] })
	return all[:min(len(all), 256)]
}
