// SPDX-License-Identifier: Apache-2.0

// Package scan reads QR codes (ISO/IEC 18004) from pictures that come from outside.
package scan

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"unicode/utf8"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// Bounds of what is read.
const (
	MaxImage  = 16 << 20 // bytes in an image file
	MaxPixels = 16 << 20 // pixels in an image: a camera's 12 million, and some
	maxSide   = 2400     // pixels in a side of what is searched; a larger image is made smaller
	minSide   = 400      // pixels below which making it smaller again finds nothing more
	maxSpots  = 200      // places that look like a corner; the search costs the cube of their number
)

// Refusals of Read.
var (
	ErrImage = errors.New("scan: not a PNG or JPEG image of a size that is read")
	ErrNone  = errors.New("scan: the image shows no QR code that can be read")
)

// Read returns the text of the QR code that a PNG or JPEG image shows, dark on light or light on
// dark. The text is from outside: UTF-8, and otherwise anything.
//
// An image of more than MaxImage bytes or MaxPixels pixels, or one that is damaged, is ErrImage; its
// size is read before its pixels, so that a bomb costs nothing. An image without a code is ErrNone;
// of several codes one is returned, and nothing is promised about which.
func Read(from io.Reader) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(from, MaxImage+1))
	if err != nil {
		return "", fmt.Errorf("scan: read: %w", err)
	}
	picture, err := decode(raw)
	if err != nil {
		return "", err
	}
	whole := greyOf(picture)
	grey := whole
	for side := maxSide; ; side /= 2 {
		grey = grey.within(side)
		if text, ok := either(grey); ok {
			return text, nil
		}
		if max(grey.width, grey.height) <= minSide {
			break
		}
	}
	if max(whole.width, whole.height) > maxSide/2 {
		return "", ErrNone
	}
	if text, ok := either(whole.doubled()); ok {
		return text, nil
	}
	return "", ErrNone
}

// either looks for a code that is dark on light, and for one that is light on dark.
func either(g luminance) (string, bool) {
	if text, ok := search(g); ok {
		return text, true
	}
	return search(g.inverted())
}

// decode reads the pixels of a PNG or JPEG image once its size is known to be within bounds.
func decode(raw []byte) (image.Image, error) {
	format := png.Decode
	size, err := png.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		format = jpeg.Decode
		size, err = jpeg.DecodeConfig(bytes.NewReader(raw))
	}
	if err != nil || len(raw) > MaxImage || size.Width < 1 || size.Height < 1 || size.Width > MaxPixels/size.Height {
		return nil, ErrImage
	}
	picture, err := format(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrImage, err)
	}
	return picture, nil
}

// search looks for one code: with a threshold for each part of the picture, which shadows need, and
// with one for all of it, which pale codes need.
func search(g luminance) (string, bool) {
	source, err := g.source()
	if err != nil {
		return "", false
	}
	for _, b := range []gozxing.Binarizer{gozxing.NewHybridBinarizer(source), gozxing.NewGlobalHistgramBinarizer(source)} {
		if text, ok := searchBits(b); ok {
			return text, true
		}
	}
	return "", false
}

// searchBits asks the library. It is made for cameras, not for adversaries: what it says by panicking
// is that there is no code, and an image full of corners is left before it tries every three of them.
func searchBits(b gozxing.Binarizer) (text string, ok bool) {
	defer func() {
		if recover() != nil {
			text, ok = "", false
		}
	}()
	bits, err := gozxing.NewBinaryBitmap(b)
	if err != nil {
		return "", false
	}
	spots := 0
	hints := map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_NEED_RESULT_POINT_CALLBACK: gozxing.ResultPointCallback(func(gozxing.ResultPoint) {
			if spots++; spots > maxSpots {
				panic(ErrNone)
			}
		}),
	}
	found, err := qrcode.NewQRCodeReader().Decode(bits, hints)
	if err != nil || !utf8.ValidString(found.GetText()) {
		return "", false
	}
	return found.GetText(), found.GetText() != ""
}
