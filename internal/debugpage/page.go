package debugpage

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/bennu-go/bennu/internal/codec"
	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/telemetry"
)

// Config says what a page shows.
type Config struct {
	// Status of the answer.
	Status int
	// Stack of a panic, as debug.Stack has it; nil for an error.
	Stack []byte
	// Filter takes secrets out. The zero value discards by "password" and "token"; "secret", "Password", "Token" and "Secret" are always added to what is discarded.
	Filter telemetry.Filter
	// Routes are shown for status 404. Nil shows none.
	Routes []router.Route
}

// A Page is what is known of an error.
type Page struct {
	Status     int
	StatusText string
	Panic      bool
	Type       string   // of the error
	Message    string   // of the error
	Chain      []string // "type: message" of the errors that it wraps
	Method     string
	Path       string
	Route      string // that matched; empty if none did
	App, Rest  []Frame
	Sections   []Section
	Routes     []router.Route
}

// A Section is a table of names and values.
type Section struct {
	Title string
	Rows  []Row
}

// A Row is one line of a [Section].
type Row struct{ Name, Value string }

// New collects what is known of err on the way of r.
func New(r *http.Request, err error, cfg Config) *Page {
	p := &Page{
		Status: cfg.Status, StatusText: http.StatusText(cfg.Status), Panic: cfg.Stack != nil, Type: fmt.Sprintf("%T", err), Message: err.Error(),
		Method: r.Method, Path: r.URL.Path, Route: r.Pattern,
	}
	x := exchange.Of(r)
	if route, ok := exchange.Route.Get(x); ok {
		p.Route = *route
	}
	p.chain(err, 0)
	for _, f := range frames(cfg.Stack) {
		if f.App {
			f.Source = excerpt(f.File, f.Line)
			p.App = append(p.App, f)
		} else {
			p.Rest = append(p.Rest, f)
		}
	}
	s := shower{withSecrets(cfg.Filter)}
	rows := []Row{{"Method", r.Method}, {"Path", r.URL.Path}, {"Route", p.Route}, {"Host", r.Host}, {"Protocol", r.Proto}, {"Client", r.RemoteAddr}}
	rows = slices.DeleteFunc(rows, func(row Row) bool { return row.Value == "" })
	p.Sections = append(p.Sections, Section{"Request", rows})
	p.Sections = append(p.Sections, s.section("Parameters", param.Of(r)), Section{"Headers", s.headers(r.Header)})
	if session.Of(r) != nil {
		p.Sections = append(p.Sections, s.section("Session", session.Of(r).All()))
	}
	if x != nil {
		p.Sections = append(p.Sections, s.values(x))
	}
	if cfg.Status == http.StatusNotFound {
		p.Routes = cfg.Routes
	}
	return p
}

// maxChain bounds the wrapped errors that are shown.
const maxChain = 20

func (p *Page) chain(err error, depth int) {
	var inner []error
	switch u := err.(type) {
	case interface{ Unwrap() []error }:
		inner = u.Unwrap()
	default:
		if e := errors.Unwrap(err); e != nil {
			inner = []error{e}
		}
	}
	for _, e := range inner {
		if e == nil || len(p.Chain) >= maxChain {
			return
		}
		p.Chain = append(p.Chain, strings.Repeat("  ", depth)+fmt.Sprintf("%T: %v", e, e))
		p.chain(e, depth+1)
	}
}

// withSecrets adds names that are no term of the log's, since more is shown here than is logged.
func withSecrets(f telemetry.Filter) telemetry.Filter {
	if f.Keep != nil {
		return f
	}
	if f.Discard == nil {
		f.Discard = []string{"password", "token"}
	}
	f.Discard = append(slices.Clone(f.Discard), "secret", "Password", "Token", "Secret")
	return f
}

// shower makes text of values.
type shower struct{ filter telemetry.Filter }

func (s shower) section(title string, m map[string]any) Section {
	out := Section{Title: title}
	filtered := s.filter.Map(m)
	for _, name := range sorted(filtered) {
		out.Rows = append(out.Rows, Row{name, text(filtered[name])})
	}
	return out
}

// hidden are headers that authenticate.
var hidden = []string{"Cookie", "Authorization", "Proxy-Authorization"}

func (s shower) headers(h http.Header) []Row {
	m := make(map[string]any, len(h))
	for name, values := range h {
		lower := strings.ToLower(name)
		if slices.Contains(hidden, name) || strings.Contains(lower, "token") || strings.Contains(lower, "secret") || strings.Contains(lower, "password") || strings.Contains(lower, "api-key") {
			values = []string{telemetry.Filtered}
		}
		m[name] = strings.Join(values, ", ")
	}
	// The names were looked at; what is left are values such as that of Referer.
	return s.section("", m).Rows
}

// notShown are values that have a section of their own, or are Bennu's.
var notShown = []string{"session", "params", "error", "errors", "skip csrf", "route"}

func (s shower) values(x *exchange.Exchange) Section {
	m := map[string]any{}
	x.Each(func(name string, value any) {
		if !slices.Contains(notShown, name) {
			m[name] = value
		}
	})
	return s.section("Values", m)
}

func sorted(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

const maxValue = 2000

func text(v any) string {
	t, ok := v.(string)
	if !ok {
		b, err := codec.Marshal(v)
		if err != nil {
			return fmt.Sprintf("[UNPRINTABLE %T]", v)
		}
		t = string(b)
	}
	if len(t) > maxValue {
		return strings.ToValidUTF8(t[:maxValue], "") + fmt.Sprintf("… (%d bytes)", len(t))
	}
	return t
}
