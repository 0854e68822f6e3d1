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
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/page"
)

// pictures are the pages that docs/pages shows, each on every screen.
func pictures() []string {
	return []string{"offer", "consent", "request", "request-here", "presented", "done", "problem"}
}

// maxPicture is the number of bytes that a picture in docs/pages may have.
const maxPicture = 60 << 10

// TestPictures makes the pictures in docs/pages anew when BEHALF_UPDATE_PAGES is 1. They are for people:
// fonts differ from machine to machine, so nothing compares them. Otherwise it looks whether they are
// all there, small, and shown.
func TestPictures(t *testing.T) {
	folder := filepath.Join("..", "..", "docs", "pages")
	if os.Getenv("BEHALF_UPDATE_PAGES") == "1" {
		makePictures(t, folder)
	}
	shown, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pictures() {
		for _, s := range screens() {
			name := path + "-" + s.name + ".png"
			if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() > maxPicture {
				t.Errorf("%s: absent, or more than %d bytes: %v", name, maxPicture, err)
			}
			if !strings.Contains(string(shown), "]("+name+")") {
				t.Errorf("README.md does not show %s", name)
			}
		}
	}
}

func makePictures(t *testing.T, folder string) {
	t.Helper()
	browser, g := start(t), show(t)
	var err error
	if g.pages, err = page.New(page.Config{Name: "Larkhill Road Surgery", Origin: "https://larkhill.example"}); err != nil { // for the foot of the page
		t.Fatal(err)
	}
	for _, s := range screens() {
		b := open(t, browser, s)
		for _, path := range pictures() {
			look(t, b, g, "/"+path)
			if err := os.WriteFile(filepath.Join(folder, path+"-"+s.name+".png"), small(t, b.wholePicture(t)), 0o644); err != nil {
				t.Fatal(err)
			}
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
