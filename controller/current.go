package controller

import (
	"net/http"
	"strings"

	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
)

// CurrentPath returns the path and query of r, with the prefixes of forwards and without doubled slashes.
func CurrentPath(r *http.Request) string {
	path := currentPath(r)
	if r.URL.RawQuery != "" {
		path += "?" + asciiURL(r.URL.RawQuery)
	}
	return path
}

// CurrentPathWith is [CurrentPath] with params in place of the query: to link to the next page of what is shown. Nil or empty leaves the query out. The error is that of
// param.Encode.
func CurrentPathWith(r *http.Request, params param.Map) (string, error) {
	query, err := param.Encode(params)
	if err != nil {
		return "", err
	}
	if query == "" {
		return currentPath(r), nil
	}
	return currentPath(r) + "?" + query, nil
}

// CurrentURL returns the URL of r as its browser has it: the scheme and host are those that plug.RewriteOn found behind proxies. The host is what the client
// says: links in mail take the endpoint's URL.
func CurrentURL(r *http.Request) string { return plug.Scheme(r) + "://" + r.Host + CurrentPath(r) }

func currentPath(r *http.Request) string {
	whole := router.MountPath(r) + "/" + r.URL.EscapedPath()
	var b strings.Builder
	for segment := range strings.SplitSeq(whole, "/") {
		if segment != "" {
			b.WriteString("/" + segment)
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}
