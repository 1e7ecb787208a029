package plug

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/bennu-go/bennu/param"
)

// maxPartHeaders is how much the headers and boundaries of all parts may have beyond their contents.
const maxPartHeaders = 1_000_000

// multipart reads a form with files.
func (p *parse) multipart(boundary string) error {
	if boundary == "" || len(boundary) > 70 { // RFC 2046, section 5.1.1
		return badRequest("the Content-Type has no boundary of 1 to 70 characters", nil)
	}
	limit := p.cfg.MaxMultipart
	body, err := p.open(limit + maxPartHeaders)
	if err != nil {
		return err
	}
	m := &parts{parse: p, left: limit, raw: io.LimitedReader{R: body, N: limit + maxPartHeaders + 1}}
	if err := m.read(multipart.NewReader(&m.raw, boundary)); err != nil {
		if m.raw.N <= 0 {
			return tooLarge(limit)
		}
		return err
	}
	if _, err := io.Copy(io.Discard, &m.raw); err != nil { // what is behind the last boundary
		return p.readError(err)
	}
	if m.raw.N <= 0 {
		return tooLarge(limit)
	}
	p.close()
	p.body = m.form.Map()
	return nil
}

// parts is a multipart form on its way.
type parts struct {
	*parse
	form param.Builder
	raw  io.LimitedReader
	left int64 // of MaxMultipart
}

func (m *parts) read(body *multipart.Reader) error {
	files := 0
	for n := 1; ; n++ {
		part, err := body.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return m.readError(err)
		}
		if n > m.cfg.MaxParts {
			return &Error{Status: http.StatusRequestEntityTooLarge, Reason: fmt.Sprintf("the form has more than %d parts", m.cfg.MaxParts)}
		}
		_, disposition, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
		if err != nil {
			disposition = nil // without a name it is read and forgotten
		}
		name, filename := disposition["name"], disposition["filename"]
		_, isFile := disposition["filename"]
		if !utf8.ValidString(name) || !utf8.ValidString(filename) {
			return badRequest("the name of a part is not UTF-8", nil)
		}
		switch {
		case name == "" || isFile && filename == "": // no file was chosen
			err = m.copy(io.Discard, part)
		case isFile:
			if files++; files > m.cfg.MaxFiles {
				return &Error{Status: http.StatusRequestEntityTooLarge, Reason: fmt.Sprintf("the form has more than %d files", m.cfg.MaxFiles)}
			}
			err = m.file(name, filename, part)
		default:
			err = m.field(name, part)
		}
		if err != nil {
			return err
		}
	}
}

func (m *parts) field(name string, part *multipart.Part) error {
	var text strings.Builder
	if err := m.copy(&text, part); err != nil {
		return err
	}
	if !utf8.ValidString(text.String()) {
		return badRequest(fmt.Sprintf("the field %.100q is not UTF-8", name), nil)
	}
	return m.form.Add(name, text.String())
}

func (m *parts) file(name, filename string, part *multipart.Part) error {
	f, err := os.CreateTemp(m.cfg.TempDir, "bennu-upload-*")
	if err != nil {
		return fmt.Errorf("plug: making a file for an upload: %w", err)
	}
	m.files = append(m.files, f.Name())
	before := m.left
	err = m.copy(f, part)
	if closed := f.Close(); err == nil && closed != nil {
		err = fmt.Errorf("plug: writing an upload: %w", closed)
	}
	if err != nil {
		return err
	}
	return m.form.Add(name, &param.Upload{
		Path: f.Name(), Filename: lastElement(filename), ContentType: part.Header.Get("Content-Type"), Size: before - m.left,
	})
}

// copy reads the rest of a part, as far as the limit allows.
func (m *parts) copy(dst io.Writer, part *multipart.Part) error {
	w := &failingWriter{Writer: dst}
	n, err := io.Copy(w, io.LimitReader(part, m.left+1))
	m.left -= n
	switch {
	case w.err != nil:
		return fmt.Errorf("plug: writing an upload: %w", w.err)
	case err != nil:
		return m.readError(err)
	case m.left < 0:
		return tooLarge(m.cfg.MaxMultipart)
	}
	return nil
}

// failingWriter remembers that it was the writing that failed.
type failingWriter struct {
	io.Writer
	err error
}

func (w *failingWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	w.err = errors.Join(w.err, err)
	return n, err
}

// lastElement is a file's name without a path, whatever system it comes from.
func lastElement(filename string) string {
	filename = filename[strings.LastIndexAny(filename, `/\`)+1:]
	if filename == "." || filename == ".." {
		return ""
	}
	return strings.ReplaceAll(filename, "\x00", "")
}

// removeFiles removes the uploads that nobody has moved away.
func (p *parse) removeFiles() {
	for _, name := range p.files {
		_ = os.Remove(name) // gone is gone; what cannot be removed the system's cleaning gets
	}
}
