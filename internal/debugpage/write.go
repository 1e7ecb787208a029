package debugpage

import (
	_ "embed" // the template
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/bennu-go/bennu/internal/codec"
)

//go:embed page.html.tmpl
var source string

var page = template.Must(template.New("debugpage").Parse(source))

// WriteHTML writes the page; scripts and styles carry the nonce.
func (p *Page) WriteHTML(w io.Writer, nonce string) error {
	return page.Execute(w, struct {
		*Page
		Nonce, Copy string
	}{p, nonce, p.Markdown()})
}

// Markdown is the page as text: for terminals, and to paste into an issue.
func (p *Page) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %d %s at %s %s\n\n%s\n\n    %s\n", p.Status, p.StatusText, p.Method, p.Path, p.kind(), indent(p.Message))
	for _, line := range p.Chain {
		fmt.Fprintf(&b, "    %s\n", indent(line))
	}
	if len(p.App)+len(p.Rest) > 0 {
		b.WriteString("\n## Stack\n\n")
		for _, f := range p.App {
			fmt.Fprintf(&b, "    %s\n        %s:%d\n", f.Func, f.File, f.Line)
			for _, l := range f.Source {
				mark := " "
				if l.Here {
					mark = ">"
				}
				fmt.Fprintf(&b, "        %s%4d  %s\n", mark, l.N, l.Text)
			}
		}
		for _, f := range p.Rest {
			fmt.Fprintf(&b, "    %s\n        %s:%d\n", f.Func, f.File, f.Line)
		}
	}
	if len(p.Routes) > 0 {
		b.WriteString("\n## Routes\n\n")
		for _, r := range p.Routes {
			fmt.Fprintf(&b, "    %-7s %s  %s\n", r.Method, strings.Join(r.Hosts, "|")+r.Path, r.Action)
		}
	}
	for _, s := range p.Sections {
		if len(s.Rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n", s.Title)
		for _, row := range s.Rows {
			fmt.Fprintf(&b, "    %s: %s\n", row.Name, indent(row.Value))
		}
	}
	return b.String()
}

func indent(s string) string { return strings.ReplaceAll(s, "\n", "\n    ") }

func (p *Page) kind() string {
	if p.Panic {
		return "panic"
	}
	return p.Type
}

// Kind is the type of the error, or "panic".
func (p *Page) Kind() string { return p.kind() }

// JSON is the body of an error as clients know it, with what a developer wants to know under "debug".
func (p *Page) JSON() ([]byte, error) {
	type place struct {
		Func string `json:"func"`
		File string `json:"file"`
		Line int    `json:"line"`
	}
	var stack []place
	for _, list := range [][]Frame{p.App, p.Rest} {
		for _, f := range list {
			stack = append(stack, place{f.Func, f.File, f.Line})
		}
	}
	type debug struct {
		Type    string   `json:"type"`
		Message string   `json:"message"`
		Chain   []string `json:"chain"`
		Route   string   `json:"route"`
		Stack   []place  `json:"stack"`
	}
	return codec.Marshal(struct {
		Errors map[string]string `json:"errors"`
		Debug  debug             `json:"debug"`
	}{map[string]string{"detail": p.StatusText}, debug{p.kind(), p.Message, p.Chain, p.Route, stack}})
}
