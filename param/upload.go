package param

import "os"

// An Upload is a file that came with a form. Its content is in a temporary file that vanishes when the request has been answered:
// whoever wants to keep it copies it, or moves it with os.Rename, before.
type Upload struct {
	// Path of the temporary file.
	Path string
	// Filename as the client says: the last element of a path, never with a separator, but otherwise anything. Do not make it a name on disk.
	Filename string
	// ContentType as the client says; empty if it does not.
	ContentType string
	// Size in bytes.
	Size int64
}

// Open opens the temporary file for reading.
func (u *Upload) Open() (*os.File, error) { return os.Open(u.Path) }
