package plug

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/param"
)

// Accepts finds out which of formats the answer should have, for [Format]: Phoenix.Controller's accepts. Known are those of [MediaType].
//
// A parameter _format decides, if there is one. Otherwise the header Accept does: without it, or if it is */*, the first of formats; if it has */* anywhere
// and html is among formats, html, because browsers ask for everything; else the first type in it, in its order, that has no q or a q of 1 and fits; else
// the one that fits with the greatest q. What fits nothing is refused with 406. The answer's Content-Type is left to whoever writes it.
func Accepts(formats ...string) Plug { return AcceptsTypes(nil, formats...) }

// AcceptsTypes is [Accepts] with media types of one's own, by format: {"geo": "application/vnd.example.geo"}. They go before the known ones.
func AcceptsTypes(types map[string]string, formats ...string) Plug {
	n := newNegotiator(types, formats)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := exchange.Begin(w, r)
			i := -1
			if v, ok := param.Lookup(r, "_format"); ok {
				name, _ := v.(string)
				i = slices.Index(n.formats, name)
			} else {
				i = n.choose(r.Header.Values("Accept"))
			}
			if i < 0 {
				Refuse(w, r, &Error{Status: http.StatusNotAcceptable, Reason: "the client accepts none of " + strings.Join(n.formats, ", ")})
				return
			}
			formatKey.Set(x, &n.formats[i])
			next.ServeHTTP(w, r)
		})
	}
}

type negotiator struct {
	formats []string
	types   []string            // of formats
	own     map[string][]string // formats by media types that are not in the table
}

func newNegotiator(types map[string]string, formats []string) *negotiator {
	if len(formats) == 0 {
		panic(`plug: Accepts without formats: write plug.Accepts("html") or plug.Accepts("json")`)
	}
	n := &negotiator{formats: slices.Clone(formats), own: map[string][]string{}}
	for _, format := range formats {
		typ, ok := types[format]
		if ok {
			typ = strings.ToLower(typ)
			if full, _, valid := splitMediaType(typ); !valid || full != typ || strings.Contains(typ, "*") {
				panic(fmt.Sprintf("plug: AcceptsTypes: %q is no media type: write type/subtype", typ))
			}
			n.own[typ] = append(n.own[typ], format)
		} else if typ = MediaType(format); typ == "" {
			panic(fmt.Sprintf("plug: Accepts: the format %q is not known: name its media type with plug.AcceptsTypes(map[string]string{%[1]q: …}, …)", format))
		}
		n.types = append(n.types, typ)
	}
	return n
}

// choose returns the index of a format, or -1.
func (n *negotiator) choose(accept []string) int {
	if len(accept) == 0 || accept[0] == "*/*" {
		return 0
	}
	header := accept[0]
	if strings.Contains(header, "*/*") {
		if i := slices.Index(n.formats, "html"); i >= 0 {
			return i
		}
	}
	best, bestQ, bestText := -1, 0.0, ""
	for text := range strings.SplitSeq(header, ",") {
		typ, q, ok := splitMediaType(text)
		if !ok {
			continue
		}
		i := n.find(typ)
		if i < 0 {
			continue
		}
		if q == 1 {
			return i
		}
		if best < 0 || q > bestQ || q == bestQ && text < bestText {
			best, bestQ, bestText = i, q, text
		}
	}
	return best
}

// find returns the format that a media range stands for, or -1.
func (n *negotiator) find(typ string) int {
	if typ == "*/*" {
		return 0
	}
	if family, ok := strings.CutSuffix(typ, "*"); ok && strings.HasSuffix(family, "/") {
		return slices.IndexFunc(n.types, func(t string) bool { return strings.HasPrefix(t, family) })
	}
	if i := n.among(n.own[typ]); i >= 0 {
		return i
	}
	return n.among(extensions(typ))
}

// among returns the index of the first of exts that is a format, or -1.
func (n *negotiator) among(exts []string) int {
	for _, ext := range exts {
		if i := slices.Index(n.formats, ext); i >= 0 {
			return i
		}
	}
	return -1
}

// splitMediaType reads one item of an Accept header: type/subtype in lower case, and its q, which is 1 if it is missing or no number.
func splitMediaType(item string) (typ string, q float64, ok bool) {
	full, params, _ := strings.Cut(item, ";")
	full = strings.TrimSpace(full)
	family, sub, found := strings.Cut(full, "/")
	if !found || !isToken(family) || !isToken(sub) || family == "*" && sub != "*" {
		return "", 0, false
	}
	q = 1
	for p := range strings.SplitSeq(params, ";") {
		if name, value, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(name, "q") {
			q = leadingNumber(strings.Trim(value, `"`))
		}
	}
	return strings.ToLower(full), q, true
}

// leadingNumber reads the digits, and the digits behind a point, that s begins with; anything else is 1.
func leadingNumber(s string) float64 {
	end := digits(s, 0)
	if end > 0 && end < len(s) && s[end] == '.' {
		if more := digits(s, end+1); more > end+1 {
			end = more
		}
	}
	q, err := strconv.ParseFloat(s[:end], 64)
	if err != nil {
		return 1
	}
	return q
}

func digits(s string, from int) int {
	for from < len(s) && '0' <= s[from] && s[from] <= '9' {
		from++
	}
	return from
}

// isToken reports whether s is a token of RFC 9110, section 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}
