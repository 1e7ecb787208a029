package controller

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bennu-go/bennu/internal/codec"
	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/telemetry"
)

// A View is how a T is answered, by format. Formats whose field is nil are not offered.
type View[T any] struct {
	// Name stands in telemetry. Empty means the name of T.
	Name string
	// HTML makes a page, for the format "html". Layouts go around it.
	HTML func(r *http.Request, v T) Component
	// JSON makes what is encoded, for the format "json".
	JSON func(r *http.Request, v T) any
	// Text is for the formats "text" and "txt".
	Text func(r *http.Request, v T) string
	// Other has the other formats. Its functions write to memory. The Content-Type is that of plug.MediaType, unless w had another before.
	Other map[string]func(w io.Writer, r *http.Request, v T) error
}

// Render answers with v in the format of the request, which plug.Accepts has found out; where nothing has, and the view has one format only, in that. A view that lacks
// the format answers 406 and names those that it has.
func Render[T any](w http.ResponseWriter, r *http.Request, status int, view View[T], v T) error {
	format := plug.Format(r)
	if format == "" {
		if v, _ := param.Lookup(r, "_format"); v != nil {
			format, _ = v.(string)
		} else {
			formats := view.formats()
			if len(formats) != 1 {
				return fmt.Errorf("controller: rendering %T: the request has no format and the view has %s: put plug.Accepts in front of the action", v, strings.Join(formats, ", "))
			}
			format = formats[0]
		}
	}
	t := telemetryOf(r)
	if !telemetry.Enabled[telemetry.RenderStop](t) {
		return view.answer(w, r, status, format, v)
	}
	begin := time.Now()
	err := view.answer(w, r, status, format, v)
	name := view.Name
	if name == "" {
		name = fmt.Sprintf("%T", v)
	}
	telemetry.Emit(r.Context(), t, telemetry.RenderStop{View: name, Format: format, Duration: time.Since(begin), Err: err})
	return err
}

func (view View[T]) formats() []string {
	var formats []string
	if view.HTML != nil {
		formats = append(formats, "html")
	}
	if view.JSON != nil {
		formats = append(formats, "json")
	}
	if view.Text != nil {
		formats = append(formats, "text")
	}
	n := len(formats)
	for format := range view.Other {
		formats = append(formats, format)
	}
	slices.Sort(formats[n:])
	return formats
}

func (view View[T]) answer(w http.ResponseWriter, r *http.Request, status int, format string, v T) error {
	other := view.Other[format]
	switch {
	case other != nil:
		var body bytes.Buffer
		if err := other(&body, r, v); err != nil {
			return err
		}
		return write(w, status, plug.ContentType("."+format), body.Bytes())
	case format == "html" && view.HTML != nil:
		var body bytes.Buffer
		if err := laidOut(r, view.HTML(r, v)).Render(r.Context(), &body); err != nil {
			return err
		}
		return write(w, status, typeHTML, body.Bytes())
	case format == "json" && view.JSON != nil:
		body, err := codec.Marshal(view.JSON(r, v))
		if err != nil {
			return err
		}
		return write(w, status, typeJSON, body)
	case (format == "text" || format == "txt") && view.Text != nil:
		return Text(w, status, view.Text(r, v))
	}
	return &Error{Status: http.StatusNotAcceptable, Detail: fmt.Sprintf("this is available as %s", strings.Join(view.formats(), ", "))}
}

// A Layout puts something around a page: the head, the menu, the flash. With templ it is func(r, inner) { return layouts.Root(flash(r), inner) }.
type Layout = func(r *http.Request, inner Component) Component

var (
	layoutKey     = exchange.NewKey[Layout]("layout")
	rootLayoutKey = exchange.NewKey[Layout]("root layout")
	telemetryKey  = exchange.NewKey[*telemetry.Telemetry]("telemetry")
)

// PutLayout is a plug that puts l around the pages of [Render], inside of the root layout and in place of a layout that was there.
func PutLayout(l Layout) plug.Plug { return setter(layoutKey, l) }

// PutRootLayout is a plug that puts l around pages and their layouts, in place of a root layout that was there.
func PutRootLayout(l Layout) plug.Plug { return setter(rootLayoutKey, l) }

// Observe is a plug that has t told of what [Render] renders, and [Fallback] answers, behind it.
func Observe(t *telemetry.Telemetry) plug.Plug { return setter(telemetryKey, t) }

// SetLayout puts l in place of the layout for this request; nil takes it away. At least one plug of Bennu's must stand in front of the action.
func SetLayout(r *http.Request, l Layout) { set(r, "SetLayout", layoutKey, l) }

// SetRootLayout puts l in place of the root layout for this request; nil takes it away. At least one plug of Bennu's must stand in front of the action.
func SetRootLayout(r *http.Request, l Layout) { set(r, "SetRootLayout", rootLayoutKey, l) }

func setter[T any](key *exchange.Key[T], v T) plug.Plug {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := exchange.Begin(w, r)
			key.Set(x, v)
			next.ServeHTTP(w, r)
		})
	}
}

func set[T any](r *http.Request, name string, key *exchange.Key[T], v T) {
	x := exchange.Of(r)
	if x == nil {
		panic("controller: " + name + ": no plug of Bennu's stands in front of this action; put plug.Accepts, or another, there")
	}
	key.Set(x, v)
}

func laidOut(r *http.Request, page Component) Component {
	x := exchange.Of(r)
	if l, _ := layoutKey.Get(x); l != nil {
		page = l(r, page)
	}
	if l, _ := rootLayoutKey.Get(x); l != nil {
		page = l(r, page)
	}
	return page
}

func telemetryOf(r *http.Request) *telemetry.Telemetry {
	t, _ := telemetryKey.Get(exchange.Of(r))
	return t
}
