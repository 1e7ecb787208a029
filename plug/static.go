package plug

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// StaticConfig configures [Static]. FS is needed.
type StaticConfig struct {
	// FS has the files: an embed.FS, usually through fs.Sub, or that of an os.Root, which lets no symbolic link lead outside, as that of os.DirFS would.
	FS fs.FS
	// At is the path that the files are under. Empty means "/".
	At string
	// Only lists the names of files and folders at the top of FS that are served; all others are as if they were not there. It spares looking for files in
	// requests for pages. Nil means all. OnlyMatching does the same by what the names begin with: "favicon" has favicon-3f2a.ico.
	Only, OnlyMatching []string
	// Encodings are the compressed forms that are looked for beside a file, app.css.br beside app.css, the preferred first: "br", "zstd" and "gzip" are known.
	// Nil means all three, in this order.
	Encodings []string
	// CacheControl is for requests without ?vsn=. Empty means "public": to be kept, and asked about with its ETag each time.
	CacheControl string
	// CacheControlVsn is for requests whose query begins with vsn=, as links to digested files have. Empty means "public, max-age=31536000, immutable".
	CacheControlVsn string
	// Headers are added to every answer with a file: a Content-Security-Policy, say.
	Headers map[string]string
	// ContentTypes are types by the name of the file, without folders, in place of those of [ContentType].
	ContentTypes map[string]string
	// Dotfiles serves names that begin with a dot; without it only the folder .well-known is.
	Dotfiles bool
}

// Static serves files for GET and HEAD, and leaves every request that no file answers to the next handler: folders too, and names that begin with a dot. It is Plug.Static.
//
// ETags are strong: a hash of the content, made once for each file and again when its size or time changes. Conditions (If-None-Match, If-Modified-Since, If-Range) and ranges are
// answered as http.ServeContent does; unlike in Phoenix several ranges are served, and one outside the file is refused with 416. A compressed form is sent
// if the client's Accept-Encoding prefers it and asks for no range. Which compressed forms there are is looked up when the file is hashed.
//
// A path below At is refused with 400 if a segment of it, decoded, is "." or "..", or has a slash, a backslash or a NUL.
func Static(cfg StaticConfig) Plug {
	s := newStatic(cfg)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				next.ServeHTTP(w, r)
				return
			}
			name, ok, err := s.name(r)
			if err != nil {
				Refuse(w, r, err)
				return
			}
			if !ok || !s.serve(w, r, name) {
				next.ServeHTTP(w, r)
			}
		})
	}
}

type static struct {
	cfg       StaticConfig
	headers   map[string][]string
	encodings []encoding
	files     fileCache
}

// encoding is a compressed form of files.
type encoding struct{ name, ending string }

var encodingEndings = map[string]string{"br": ".br", "zstd": ".zst", "gzip": ".gz"}

func newStatic(cfg StaticConfig) *static {
	if cfg.FS == nil {
		panic("plug: Static without FS: give it an embed.FS, or root.FS() of os.OpenRoot")
	}
	if cfg.At == "" {
		cfg.At = "/"
	}
	if !strings.HasPrefix(cfg.At, "/") {
		panic(fmt.Sprintf("plug: Static: At is %q: write %q", cfg.At, "/"+cfg.At))
	}
	cfg.At = strings.TrimRight(cfg.At, "/") + "/"
	if cfg.Encodings == nil {
		cfg.Encodings = []string{"br", "zstd", "gzip"}
	}
	defaultTo(&cfg.CacheControl, "public")
	defaultTo(&cfg.CacheControlVsn, "public, max-age=31536000, immutable")
	cfg.ContentTypes = maps.Clone(cfg.ContentTypes)
	s := &static{cfg: cfg, headers: map[string][]string{}, files: fileCache{files: map[string]*fileInfo{}}}
	for _, name := range cfg.Encodings {
		ending, ok := encodingEndings[name]
		if !ok {
			panic(fmt.Sprintf("plug: Static: the encoding %q is not known: br, zstd and gzip are", name))
		}
		s.encodings = append(s.encodings, encoding{name, ending})
	}
	for name, value := range cfg.Headers {
		if !isToken(name) || strings.ContainsAny(value, "\r\n\x00") {
			panic(fmt.Sprintf("plug: Static: %q: %q is no header", name, value))
		}
		s.headers[http.CanonicalHeaderKey(name)] = []string{value}
	}
	for _, name := range slices.Concat(cfg.Only, cfg.OnlyMatching) {
		if name == "" || strings.Contains(name, "/") {
			panic(fmt.Sprintf("plug: Static: Only has %q: write names at the top of FS, without slashes", name))
		}
	}
	return s
}

// serve answers with a file; it is false if there is none, and then nothing was written.
func (s *static) serve(w http.ResponseWriter, r *http.Request, name string) bool {
	f, info, ok := s.open(name)
	if !ok {
		return false
	}
	defer func() { f.Close() }()
	known := s.files.get(name, info)
	if known == nil {
		var err error
		if known, err = s.examine(name, info); err != nil {
			return false
		}
		s.files.put(name, known)
	}
	h := w.Header()
	if len(s.encodings) > 0 {
		h.Add("Vary", "Accept-Encoding")
	}
	shown := known
	if len(known.variants) > 0 && r.Header.Get("Range") == "" {
		if v, coded, ok := s.openVariant(name, known, r.Header.Values("Accept-Encoding")); ok {
			f.Close()
			f, shown = coded, v
			h["Content-Encoding"] = []string{v.encoding.name}
			h["Content-Length"] = v.length
		}
	}
	s.setHeaders(h, r, name, shown)
	body, ok := f.(io.ReadSeeker)
	if !ok {
		body = &unseekable{f: f, size: shown.size}
	}
	http.ServeContent(w, r, "", shown.modified, body)
	return true
}

func (s *static) setHeaders(h http.Header, r *http.Request, name string, shown *fileInfo) {
	maps.Copy(h, s.headers)
	if strings.HasPrefix(r.URL.RawQuery, "vsn=") {
		h["Cache-Control"] = []string{s.cfg.CacheControlVsn}
	} else {
		h["Cache-Control"] = []string{s.cfg.CacheControl}
		h["Etag"] = shown.etag
	}
	typ, ok := s.cfg.ContentTypes[name[strings.LastIndexByte(name, '/')+1:]]
	if !ok {
		typ = ContentType(name)
	}
	h["Content-Type"] = []string{typ}
	if _, ok := h["X-Content-Type-Options"]; !ok {
		h["X-Content-Type-Options"] = nosniff
	}
}

var nosniff = []string{"nosniff"}

// open opens a regular file.
func (s *static) open(name string) (fs.File, fs.FileInfo, bool) {
	f, err := s.cfg.FS.Open(name)
	if err != nil {
		return nil, nil, false
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, nil, false
	}
	return f, info, true
}

// unseekable makes a ReadSeeker of a file that is read once from its beginning, as http.ServeContent does without ranges; with ranges it reads over what is before.
type unseekable struct {
	f    fs.File
	size int64
	at   int64 // what has been read
	want int64 // where to go on
}

func (u *unseekable) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += u.want
	case io.SeekEnd:
		offset += u.size
	}
	if offset < 0 || offset < u.at {
		return 0, fs.ErrInvalid
	}
	u.want = offset
	return offset, nil
}

func (u *unseekable) Read(b []byte) (int, error) {
	if u.want > u.at {
		n, err := io.CopyN(io.Discard, u.f, u.want-u.at)
		u.at += n
		if err != nil {
			return 0, err
		}
	}
	n, err := u.f.Read(b)
	u.at += int64(n)
	u.want = u.at
	return n, err
}
