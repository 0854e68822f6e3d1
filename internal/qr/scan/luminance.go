// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"image"
	"image/color"

	"github.com/makiuchi-d/gozxing"
)

// luminance is a picture in shades of grey, row by row: 0 is black.
type luminance struct {
	pixels        []byte
	width, height int
}

// greyOf returns picture in grey, laid on white where it is transparent.
func greyOf(picture image.Image) luminance {
	bounds := picture.Bounds()
	g := luminance{make([]byte, bounds.Dx()*bounds.Dy()), bounds.Dx(), bounds.Dy()}
	shade := shadeOf(picture)
	for y := range g.height {
		for x := range g.width {
			g.pixels[y*g.width+x] = shade(bounds.Min.X+x, bounds.Min.Y+y)
		}
	}
	return g
}

// shadeOf returns how to find the shade of one pixel. The form that a camera writes is worth a
// shorter way.
func shadeOf(picture image.Image) func(x, y int) byte {
	if photo, ok := picture.(*image.YCbCr); ok {
		return func(x, y int) byte { return photo.Y[photo.YOffset(x, y)] }
	}
	return func(x, y int) byte { return onWhite(picture.At(x, y)) }
}

func onWhite(c color.Color) byte {
	r, g, b, a := c.RGBA() // 16 bits each, multiplied by a already
	const red, green, blue, all = 299, 587, 114, 1000
	return byte(((red*r+green*g+blue*b)/all + 0xffff - a) >> 8)
}

// within returns the picture with sides of at most side pixels. Each pixel is the mean of a square.
func (g luminance) within(side int) luminance {
	longest := max(g.width, g.height)
	if longest <= side {
		return g
	}
	n := (longest + side - 1) / side
	small := luminance{width: g.width / n, height: g.height / n}
	if small.width == 0 || small.height == 0 { // a line, which holds no code
		return luminance{pixels: []byte{0xff}, width: 1, height: 1}
	}
	small.pixels = make([]byte, small.width*small.height)
	for y := range small.height {
		for x := range small.width {
			small.pixels[y*small.width+x] = g.mean(x*n, y*n, n)
		}
	}
	return small
}

func (g luminance) mean(x, y, n int) byte {
	sum := 0
	for row := y; row < y+n; row++ {
		for _, p := range g.pixels[row*g.width+x : row*g.width+x+n] {
			sum += int(p)
		}
	}
	return byte(sum / (n * n))
}

// doubled returns the picture twice as wide and high, with the means of neighbours in between: what a
// phone's screen shows has modules of three pixels and a bit, which the library cannot tell apart.
func (g luminance) doubled() luminance {
	big := luminance{make([]byte, 4*len(g.pixels)), 2 * g.width, 2 * g.height}
	for y := range big.height {
		for x := range big.width {
			big.pixels[y*big.width+x] = g.between(x, y)
		}
	}
	return big
}

// between is the pixel at x, y of the doubled picture.
func (g luminance) between(x, y int) byte {
	left, top := x/2, y/2
	right, below := min(left+x%2, g.width-1), min(top+y%2, g.height-1)
	sum := int(g.pixels[top*g.width+left]) + int(g.pixels[top*g.width+right]) +
		int(g.pixels[below*g.width+left]) + int(g.pixels[below*g.width+right])
	return byte(sum / 4)
}

// inverted returns the negative of the picture.
func (g luminance) inverted() luminance {
	out := luminance{make([]byte, len(g.pixels)), g.width, g.height}
	for i, p := range g.pixels {
		out.pixels[i] = ^p
	}
	return out
}

func (g luminance) source() (gozxing.LuminanceSource, error) {
	return gozxing.NewPlanarYUVLuminanceSource(g.pixels, g.width, g.height, 0, 0, g.width, g.height, false)
}
