package accounts

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // the formats that image.Decode knows
	_ "image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
)

// Bounds of an avatar that is uploaded.
const (
	MaxAvatar  = 5 << 20    // bytes
	maxPixels  = 16_000_000 // a photograph of a telephone
	avatarSize = 256        // pixels, of what is kept
)

// Avatars keeps pictures in a folder. What is kept is drawn anew, so that nothing of the upload is served but its pixels: no place where a photograph was taken, and no
// script in a picture's clothes.
type Avatars struct {
	root  *os.Root
	slots chan struct{} // decoding takes four bytes a pixel
}

// OpenAvatars uses a folder that is there.
func OpenAvatars(dir string) (*Avatars, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("accounts: the folder for avatars: %w", err)
	}
	return &Avatars{root: root, slots: make(chan struct{}, 2)}, nil
}

// FS has the files.
func (a *Avatars) FS() fs.FS { return a.root.FS() }

// Close gives the folder back.
func (a *Avatars) Close() error { return a.root.Close() }

// Store keeps a picture of a user and returns the name of its file, which is another for another content. What is no picture is Invalid.
func (a *Avatars) Store(user int64, r io.Reader) (string, error) {
	upload, err := io.ReadAll(io.LimitReader(r, MaxAvatar+1))
	if err != nil {
		return "", fmt.Errorf("accounts: reading an avatar: %w", err)
	}
	if len(upload) > MaxAvatar {
		return "", Invalid{"avatar": {"must be smaller than 5 MB"}}
	}
	shape, _, err := image.DecodeConfig(bytes.NewReader(upload))
	switch {
	case err != nil:
		return "", Invalid{"avatar": {"must be a PNG, JPEG or GIF picture"}}
	case shape.Width < 1 || shape.Height < 1 || shape.Width > maxPixels/shape.Height:
		return "", Invalid{"avatar": {"must have at most 16 million pixels"}}
	}
	a.slots <- struct{}{}
	defer func() { <-a.slots }()
	picture, _, err := image.Decode(bytes.NewReader(upload))
	if err != nil {
		return "", Invalid{"avatar": {"must be a whole PNG, JPEG or GIF picture"}}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, square(picture, avatarSize)); err != nil {
		return "", fmt.Errorf("accounts: drawing an avatar: %w", err)
	}
	sum := sha256.Sum256(out.Bytes())
	name := fmt.Sprintf("%d-%s.png", user, hex.EncodeToString(sum[:16]))
	if err := a.root.WriteFile(name, out.Bytes(), 0o600); err != nil {
		return "", fmt.Errorf("accounts: keeping an avatar: %w", err)
	}
	return name, nil
}

// Remove forgets a picture. One that is not there is no error.
func (a *Avatars) Remove(name string) error {
	if err := a.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("accounts: removing an avatar: %w", err)
	}
	return nil
}

// square is the middle of a picture, size by size pixels, each the mean of those that it stands for.
func square(m image.Image, size int) *image.NRGBA {
	b := m.Bounds()
	side := min(b.Dx(), b.Dy())
	left, top := b.Min.X+(b.Dx()-side)/2, b.Min.Y+(b.Dy()-side)/2
	out := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		y0, y1 := span(y, size, side)
		for x := range size {
			x0, x1 := span(x, size, side)
			var r, g, bl, al, n uint64
			for sy := y0; sy < y1; sy++ {
				for sx := x0; sx < x1; sx++ {
					cr, cg, cb, ca := m.At(left+sx, top+sy).RGBA()
					r, g, bl, al, n = r+uint64(cr), g+uint64(cg), bl+uint64(cb), al+uint64(ca), n+1
				}
			}
			out.Set(x, y, color.RGBA64{R: uint16(r / n), G: uint16(g / n), B: uint16(bl / n), A: uint16(al / n)})
		}
	}
	return out
}

// span is which of side pixels the i-th of size stands for: at least one.
func span(i, size, side int) (from, to int) {
	from = i * side / size
	return from, max(from+1, (i+1)*side/size)
}
