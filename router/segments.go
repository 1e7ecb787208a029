package router

import (
	"net/url"
	"strings"
)

// inlineSegments is how many segments of a request's path are kept on the stack.
const inlineSegments = 16

// split appends the decoded segments of u's path. ok is false if no route can match it: it has dot segments or is no
// absolute path.
func split(segs []string, u *url.URL) (_ []string, ok bool) {
	// Path has every %2F decoded; where that is a loss, RawPath is set.
	if u.RawPath == "" {
		return splitPath(segs, u.Path, false)
	}
	return splitPath(segs, u.EscapedPath(), true)
}

func splitPath(segs []string, path string, escaped bool) (_ []string, ok bool) {
	if path == "" {
		return segs, true // http://example.com and CONNECT
	}
	if path[0] != '/' {
		return segs, false // OPTIONS *
	}
	for path != "" {
		path = path[1:]
		end := strings.IndexByte(path, '/')
		if end < 0 {
			end = len(path)
		}
		seg := path[:end]
		path = path[end:]
		if seg == "" {
			continue
		}
		if escaped {
			var err error
			if seg, err = url.PathUnescape(seg); err != nil {
				return segs, false
			}
		}
		if isDots(seg) {
			return segs, false
		}
		segs = append(segs, seg)
	}
	return segs, true
}

// below returns what follows the first n segments of path. It begins with exactly one slash, since two would make a host of
// what follows where a handler redirects to it.
func below(path string, n int) string {
	path = strings.TrimLeft(path, "/")
	for range n {
		_, path, _ = strings.Cut(path, "/")
		path = strings.TrimLeft(path, "/")
	}
	return "/" + path
}
