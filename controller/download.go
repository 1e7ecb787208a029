package controller

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bennu-go/bennu/plug"
)

// A Download is what [SendDownload] sends: one of Bytes, Path and Reader.
type Download struct {
	// Name under which the browser saves it. Empty means that of Path, or "download". Control characters, which could begin another header, and separators
	// of paths become underscores.
	Name string
	// ContentType. Empty means what the name's extension says (plug.ContentType).
	ContentType string
	// Inline has the browser show it rather than save it. Do not do this with files of others that are HTML or SVG: their scripts would run as this site's.
	Inline bool
	// Bytes are the content; an empty slice that is not nil is an empty download.
	Bytes []byte
	// Path of a file. Never take it from a request as it is.
	Path string
	// FS holds Path. Nil means the system's files.
	FS fs.FS
	// Reader is the content. If it can seek, ranges are answered too. It is not closed.
	Reader io.Reader
	// Size of what Reader has, if it cannot seek. Zero means that it is not known.
	Size int64
	// Modified is told to caches. Zero means that of the file, or none.
	Modified time.Time
}

// SendDownload answers 200 with a file to save, or 206 with the range that was asked for, or 304. A file that does not exist is an error of status 404.
func SendDownload(w http.ResponseWriter, r *http.Request, d Download) error {
	if given := btoi(d.Bytes != nil) + btoi(d.Path != "") + btoi(d.Reader != nil); given != 1 {
		return fmt.Errorf("controller: a download needs exactly one of Bytes, Path and Reader; it has %d", given)
	}
	name := d.Name
	if d.Path != "" {
		if name == "" {
			name = filepath.Base(d.Path)
		}
		f, err := d.open()
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		switch {
		case err != nil:
			return fmt.Errorf("controller: download: %w", err)
		case !info.Mode().IsRegular():
			return &Error{Status: http.StatusNotFound, Err: fmt.Errorf("download: %s is no regular file", d.Path)}
		}
		if d.Modified.IsZero() {
			d.Modified = info.ModTime()
		}
		d.Reader, d.Size = f, info.Size()
	}
	if d.Bytes != nil {
		d.Reader = bytes.NewReader(d.Bytes)
	}
	name = saneName(name)
	h := w.Header()
	h.Set("Content-Disposition", disposition(d.Inline, name))
	h.Set("X-Content-Type-Options", "nosniff")
	if d.ContentType == "" {
		d.ContentType = plug.ContentType(name)
	}
	setType(w, d.ContentType)
	if seeker, ok := d.Reader.(io.ReadSeeker); ok {
		http.ServeContent(w, r, "", d.Modified, seeker)
		return nil
	}
	if d.Size > 0 {
		h.Set("Content-Length", strconv.FormatInt(d.Size, 10))
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	return copyOut(w, r, d.Reader)
}

func (d *Download) open() (fs.File, error) {
	var f fs.File
	var err error
	if d.FS != nil {
		f, err = d.FS.Open(d.Path)
	} else {
		f, err = os.Open(d.Path)
	}
	if err == nil {
		return f, nil
	}
	if os.IsNotExist(err) {
		return nil, &Error{Status: http.StatusNotFound, Err: err}
	}
	return nil, fmt.Errorf("controller: download: %w", err)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// saneName makes a name that names a file in the folder where downloads go, in every system.
func saneName(name string) string {
	name = strings.Map(func(c rune) rune {
		if c == '/' || c == '\\' || c == utf8.RuneError || unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029' {
			return '_'
		}
		return c
	}, name)
	if strings.Trim(name, ". ") == "" {
		return "download"
	}
	return name
}

// disposition is the header Content-Disposition: the name in ASCII for all, and percent-encoded in UTF-8 where it has more (RFC 6266, RFC 8187).
func disposition(inline bool, name string) string {
	kind := "attachment"
	if inline {
		kind = "inline"
	}
	var plain, encoded strings.Builder
	for _, c := range name {
		switch {
		case c == '"' || c == '\\' || c == '%' || c > unicode.MaxASCII: // the first two end a quoted string in some browsers, the third is decoded by others
			plain.WriteByte('_')
		default:
			plain.WriteRune(c)
		}
	}
	for i := range len(name) {
		c := name[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			encoded.WriteByte(c)
		} else {
			fmt.Fprintf(&encoded, "%%%02X", c)
		}
	}
	if plain.String() == name {
		return kind + `; filename="` + name + `"`
	}
	return kind + `; filename="` + plain.String() + `"; filename*=UTF-8''` + encoded.String()
}
