package router

import (
	"bytes"
	"fmt"
	"go/format"
	"go/token"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// WriteGo writes a Go file of package pkg with two functions for each name among routes, which are those of [Router.Routes]:
//
//	func V1User(id any, query ...router.Query) string
//	func V1UserURL(base string, id any, query ...router.Query) string
//
// The first returns the path with its parameters encoded as [Segment] says, and with the query if one is given; the second the
// whole URL, base being the scheme and host, and a prefix if there is one. The file is the same for the same table. It fails if two
// paths have one name, which only forwarded routers can bring about, or if pkg is no name of a package.
func WriteGo(w io.Writer, pkg string, routes []Route) error {
	if !token.IsIdentifier(pkg) || pkg == "_" {
		return fmt.Errorf("router: %q is no name of a package", pkg)
	}
	paths, err := typedPaths(routes)
	if err != nil {
		return fmt.Errorf("router: %w", err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "// Code generated from the table of routes. DO NOT EDIT.\n\n// Package %s has the paths of the application.\npackage %s\n", pkg, pkg)
	if len(paths) > 0 {
		fmt.Fprintf(&b, "\nimport %q\n", pkgPath)
	}
	for _, p := range paths {
		p.write(&b)
	}
	src, err := format.Source(b.Bytes())
	if err != nil {
		return fmt.Errorf("router: formatting the typed paths: %w", err)
	}
	_, err = w.Write(src)
	return err
}

// typedPath is what a pair of functions is made from.
type typedPath struct {
	name    string
	path    pattern
	routes  []Route // that have it
	methods []string
	// deprecated, if all routes are: what the first of them says
	deprecated string
}

func typedPaths(routes []Route) ([]*typedPath, error) {
	byIdent := make(map[string]*typedPath)
	var paths []*typedPath
	for _, r := range routes {
		if r.Name == "" {
			continue
		}
		p := byIdent[r.Name]
		if p == nil {
			pat, err := parsePattern(r.Path)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.Place, err)
			}
			p = &typedPath{name: r.Name, path: pat, deprecated: r.Deprecated}
			for _, ident := range []string{r.Name, r.Name + "URL"} {
				if other := byIdent[ident]; other != nil {
					return nil, twice(r, ident, other)
				}
				byIdent[ident] = p
			}
			paths = append(paths, p)
		} else if p.name != r.Name || p.path.String() != r.Path {
			return nil, twice(r, r.Name, p)
		}
		p.routes = append(p.routes, r)
		if r.Deprecated == "" {
			p.deprecated = ""
		}
		if !slices.Contains(p.methods, r.Method) {
			p.methods = append(p.methods, r.Method)
		}
	}
	slices.SortFunc(paths, func(a, b *typedPath) int { return strings.Compare(a.name, b.name) })
	return paths, nil
}

func twice(r Route, ident string, other *typedPath) error {
	return fmt.Errorf("%s: the typed path %s of %s is that of %s at %s already; give one of them, or its scope, another name",
		r.Place, ident, r.Path, other.path, other.routes[0].Place)
}

func (p *typedPath) write(b *bytes.Buffer) {
	var params, args []string
	// What the functions need themselves, and what would hide it.
	taken := map[string]bool{"router": true, "base": true, "query": true, "any": true, "string": true, p.name: true, "_": true}
	for name := range keywords() {
		taken[name] = true
	}
	var parts []string
	static := ""
	flush := func() {
		if static != "" {
			parts = append(parts, strconv.Quote(static))
			static = ""
		}
	}
	for _, seg := range p.path.segs {
		static += "/" + url.PathEscape(seg.lit)
		if seg.name == "" {
			continue
		}
		arg := goParam(seg.name, taken)
		params, args = append(params, arg), append(args, arg)
		flush()
		parts = append(parts, "router.Segment("+arg+")")
	}
	if len(p.path.segs) == 0 || p.path.glob {
		static += "/"
	}
	flush()
	if p.path.glob {
		arg := goParam(p.path.globName, taken)
		params, args = append(params, arg), append(args, arg)
		parts = append(parts, "router.Glob("+arg+")")
	}
	signature := ""
	if len(params) > 0 {
		signature = strings.Join(params, ", ") + " any, "
	}
	call := strings.Join(append(args, "query..."), ", ")
	deprecated := ""
	if p.deprecated != "" {
		deprecated = "//\n// Deprecated: " + p.deprecated + "\n"
	}
	fmt.Fprintf(b, "\n// %s returns the path %s (%s).\n%s", p.name, p.path, strings.Join(p.methods, ", "), deprecated)
	fmt.Fprintf(b, "func %s(%squery ...router.Query) string {\nreturn %s + router.QueryString(query...)\n}\n", p.name, signature, strings.Join(parts, " + "))
	fmt.Fprintf(b, "\n// %sURL returns the URL of %s at base, such as \"https://example.com\".\n%s", p.name, p.path, deprecated)
	fmt.Fprintf(b, "func %sURL(base string, %squery ...router.Query) string {\nreturn router.Base(base, %s(%s))\n}\n", p.name, signature, p.name, call)
}

// keywords lists the words that cannot name a parameter.
func keywords() map[string]bool {
	words := make(map[string]bool)
	for t := token.BREAK; t <= token.VAR; t++ {
		words[t.String()] = true
	}
	return words
}
