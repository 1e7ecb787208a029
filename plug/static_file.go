package plug

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxKnownFiles is the number of files whose hashes are kept.
const maxKnownFiles = 10_000

// fileInfo is what is known of a file, or of one of its compressed forms.
type fileInfo struct {
	size     int64
	modified time.Time
	etag     []string // as a header has it
	length   []string
	encoding encoding
	variants []*fileInfo
}

// fileCache keeps what is known.
type fileCache struct {
	mu    sync.Mutex // guards the fields below
	files map[string]*fileInfo
}

// get returns what is known of a file, or nil if it has changed.
func (c *fileCache) get(name string, now fs.FileInfo) *fileInfo {
	c.mu.Lock()
	f := c.files[name]
	c.mu.Unlock()
	if f == nil || f.size != now.Size() || !f.modified.Equal(now.ModTime()) {
		return nil
	}
	return f
}

func (c *fileCache) put(name string, f *fileInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.files) >= maxKnownFiles {
		clear(c.files)
	}
	c.files[name] = f
}

// examine hashes a file and its compressed forms.
func (s *static) examine(name string, info fs.FileInfo) (*fileInfo, error) {
	known, err := s.hash(name, info)
	if err != nil {
		return nil, err
	}
	for _, e := range s.encodings {
		coded, info, ok := s.open(name + e.ending)
		if !ok {
			continue
		}
		coded.Close()
		if v, err := s.hash(name+e.ending, info); err == nil {
			v.encoding = e
			known.variants = append(known.variants, v)
		}
	}
	return known, nil
}

// hash reads a file once.
func (s *static) hash(name string, info fs.FileInfo) (*fileInfo, error) {
	f, err := s.cfg.FS.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return nil, err
	}
	if n != info.Size() {
		return nil, fmt.Errorf("plug: %q changed while it was read", name)
	}
	return &fileInfo{
		size: n, modified: info.ModTime(), length: []string{strconv.FormatInt(n, 10)},
		etag: []string{`"` + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16]) + `"`},
	}, nil
}

// openVariant opens the compressed form that the client prefers, unless it prefers none or the form is not what it was.
func (s *static) openVariant(name string, known *fileInfo, accept []string) (*fileInfo, fs.File, bool) {
	if len(accept) == 0 {
		return nil, nil, false
	}
	var best *fileInfo
	bestQ := encodingQuality(accept, "identity")
	if bestQ < 0 { // not mentioned: anything that is, is better
		bestQ = 0
	}
	for _, v := range known.variants {
		if q := encodingQuality(accept, v.encoding.name); q > 0 && (q > bestQ || best == nil && q == bestQ) {
			best, bestQ = v, q
		}
	}
	if best == nil {
		return nil, nil, false
	}
	f, info, ok := s.open(name + best.encoding.ending)
	if !ok {
		return nil, nil, false
	}
	if info.Size() != best.size || !info.ModTime().Equal(best.modified) {
		f.Close()
		return nil, nil, false
	}
	return best, f, true
}

// encodingQuality returns the q of a content coding in Accept-Encoding headers: that of its name, or else of *, and -1 if neither is there. A q that is no number is 0.
func encodingQuality(accept []string, name string) float64 {
	any := -1.0
	for _, header := range accept {
		for item := range strings.SplitSeq(header, ",") {
			coding, params, _ := strings.Cut(item, ";")
			coding = strings.TrimSpace(coding)
			if coding != "*" && !strings.EqualFold(coding, name) && !(name == "gzip" && strings.EqualFold(coding, "x-gzip")) {
				continue
			}
			q := 1.0
			if key, value, ok := strings.Cut(strings.TrimSpace(params), "="); ok && strings.EqualFold(key, "q") {
				parsed, err := strconv.ParseFloat(value, 64)
				if err != nil || !(parsed >= 0 && parsed <= 1) {
					parsed = 0
				}
				q = parsed
			}
			if coding != "*" {
				return q
			}
			any = q
		}
	}
	if name == "identity" && any != 0 {
		return -1 // * is not meant for it
	}
	return any
}

// name returns the name in FS that r asks for. Ok is false if the path is not below At or not among Only.
func (s *static) name(r *http.Request) (name string, ok bool, err error) {
	path, ok := strings.CutPrefix(r.URL.Path, s.cfg.At)
	if !ok || path == "" {
		return "", false, nil
	}
	if plainPath(path) && r.URL.RawPath == "" {
		return path, s.among(path) && s.mayShow(path), nil
	}
	// Something in it needs a closer look, segment by segment as they were sent: an escaped slash does not separate.
	escaped, ok := strings.CutPrefix(r.URL.EscapedPath(), (&url.URL{Path: s.cfg.At}).EscapedPath())
	if !ok {
		return "", false, nil
	}
	var segments []string
	for segment := range strings.SplitSeq(escaped, "/") {
		if segment == "" {
			continue
		}
		if len(segments) == 0 && !s.among(segment) {
			return "", false, nil
		}
		decoded, err := url.PathUnescape(segment)
		if err != nil || decoded == "." || decoded == ".." || strings.ContainsAny(decoded, "/\\\x00") {
			return "", false, badRequest(fmt.Sprintf("%.100q is no path of a file", r.URL.Path), err)
		}
		segments = append(segments, decoded)
	}
	name = strings.Join(segments, "/")
	return name, fs.ValidPath(name) && name != "." && s.mayShow(name), nil
}

// plainPath reports whether a decoded path is one of a file as it stands.
func plainPath(path string) bool {
	return fs.ValidPath(path) && !strings.ContainsAny(path, "\\\x00")
}

// among reports whether the first segment of path may be served.
func (s *static) among(path string) bool {
	if s.cfg.Only == nil && s.cfg.OnlyMatching == nil {
		return true
	}
	first, _, _ := strings.Cut(path, "/")
	return slices.Contains(s.cfg.Only, first) || slices.ContainsFunc(s.cfg.OnlyMatching, func(p string) bool { return strings.HasPrefix(first, p) })
}

// mayShow reports whether no segment begins with a dot, other than a first one .well-known.
func (s *static) mayShow(name string) bool {
	if s.cfg.Dotfiles {
		return true
	}
	if rest, ok := strings.CutPrefix(name, ".well-known/"); ok {
		name = rest
	}
	return name[0] != '.' && !strings.Contains(name, "/.")
}
