package accounts

import (
	"bytes"
	"context"
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
	"sync"

	"github.com/bennu-go/bennu/supervise"
)

// Bounds of an avatar that is uploaded.
const (
	MaxAvatar  = 5 << 20    // bytes
	maxPixels  = 16_000_000 // a photograph of a telephone
	avatarSize = 256        // pixels, of what is kept
)

// Avatars keeps pictures in a folder of its own for as long as it runs: users do not live longer either. What is kept is drawn anew, so that nothing of the upload is
// served but its pixels: no place where a photograph was taken, and no script in a picture's clothes. As a fs.FS it has the files.
type Avatars struct {
	slots chan struct{} // decoding takes four bytes a pixel
	mu    sync.RWMutex  // guards root
	root  *os.Root      // nil while it does not run
}

// NewAvatars makes Avatars without a folder.
func NewAvatars() *Avatars { return &Avatars{slots: make(chan struct{}, 2)} }

// AnnouncesReady implements supervise.ReadyService: pictures can be kept from then on.
func (a *Avatars) AnnouncesReady() {}

// Run makes the folder, and removes it when ctx ends.
func (a *Avatars) Run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "bennu-demo-")
	if err != nil {
		return fmt.Errorf("accounts: a folder for avatars: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("accounts: the folder for avatars: %w", err)
	}
	defer root.Close()
	a.set(root)
	defer a.set(nil)
	supervise.Ready(ctx)
	<-ctx.Done()
	return nil
}

func (a *Avatars) set(root *os.Root) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.root = root
}

func (a *Avatars) folder() (*os.Root, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.root == nil {
		return nil, fmt.Errorf("accounts: avatars do not run: %w", fs.ErrNotExist)
	}
	return a.root, nil
}

// Open implements fs.FS.
func (a *Avatars) Open(name string) (fs.File, error) {
	root, err := a.folder()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return root.FS().Open(name)
}

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
	root, err := a.folder()
	if err == nil {
		err = root.WriteFile(name, out.Bytes(), 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("accounts: keeping an avatar: %w", err)
	}
	return name, nil
}

// Remove forgets a picture. One that is not there is no error.
func (a *Avatars) Remove(name string) error {
	root, err := a.folder()
	if err == nil {
		err = root.Remove(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
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
