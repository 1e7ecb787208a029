package router

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Format writes routes as a table for people: the name of the typed path, right-aligned, the method, the path, with the hosts before it if
// there are some, and the action. The routes are those of [Router.Routes], or of an endpoint, whose sockets have the Method "WS".
func Format(w io.Writer, routes []Route) error {
	rows := make([][3]string, len(routes))
	var width [3]int
	for i, r := range routes {
		rows[i] = [3]string{r.Name, r.Method, strings.Join(r.Hosts, "|") + r.Path}
		for col, cell := range rows[i] {
			width[col] = max(width[col], utf8.RuneCountInString(cell))
		}
	}
	var b bytes.Buffer
	for i, r := range routes {
		fmt.Fprintf(&b, "%*s  %-*s  %-*s  %s\n", width[0], rows[i][0], width[1], rows[i][1], width[2], rows[i][2], r.Action)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// FormatJSON writes routes for programs: a list of objects with the fields of [Route].
func FormatJSON(w io.Writer, routes []Route) error {
	routes = append([]Route{}, routes...)
	for i := range routes {
		if routes[i].Hosts == nil {
			routes[i].Hosts = []string{}
		}
		if routes[i].Pipelines == nil {
			routes[i].Pipelines = []string{}
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(routes)
}
