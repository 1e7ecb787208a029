package conntest

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/internal/codec"
	"github.com/bennu-go/bennu/session"
	"github.com/google/go-cmp/cmp"
)

// A Response is an answer, and what is known of the request that it is for.
type Response struct {
	// Status, Header and Body of the answer.
	Status int
	Header http.Header
	Body   string
	// Cut says that the handler has broken the connection: the answer is not whole.
	Cut bool
	// Halted says that a plug of [Client.Through] has answered.
	Halted bool
	// Request that was served. Ask it what plugs and actions have found out: plug.CurrentUser[User](resp.Request).
	Request *http.Request

	client *Client
	sent   []byte
}

// String is the answer as one reads it.
func (r *Response) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n%d %s\n", r.Request.Method, r.Request.URL.RequestURI(), r.Status, http.StatusText(r.Status))
	r.Header.Write(&b)
	b.WriteString("\n")
	const most = 4096
	if len(r.Body) > most {
		fmt.Fprintf(&b, "%s… (%d bytes)", r.Body[:most], len(r.Body))
	} else {
		b.WriteString(r.Body)
	}
	if r.Cut {
		b.WriteString("\n(the handler has cut the connection)")
	}
	if err := controller.AnsweredError(r.Request); err != nil {
		fmt.Fprintf(&b, "\n(the error was: %v)", err)
	}
	return b.String()
}

func (r *Response) fail(format string, args ...any) {
	r.client.t.Helper()
	r.client.t.Fatalf("conntest: %s\n%v", fmt.Sprintf(format, args...), r)
}

// WantStatus wants a whole answer with this status. It returns r, to go on.
func (r *Response) WantStatus(status int) *Response {
	r.client.t.Helper()
	if r.Status != status {
		r.fail("got status %d, want %d", r.Status, status)
	}
	if r.Cut {
		r.fail("the connection was cut")
	}
	return r
}

// WantHeader wants a header with this value; an empty value wants none.
func (r *Response) WantHeader(name, value string) *Response {
	r.client.t.Helper()
	if got := strings.Join(r.Header.Values(name), ", "); got != value {
		r.fail("got %s %q, want %q", name, got, value)
	}
	return r
}

// WantHTML wants a page with this status, and every one of texts in it. It returns the page.
func (r *Response) WantHTML(status int, texts ...string) string {
	r.client.t.Helper()
	return r.want(status, "text/html", texts)
}

// WantText wants plain text with this status, and every one of texts in it. It returns all of it.
func (r *Response) WantText(status int, texts ...string) string {
	r.client.t.Helper()
	return r.want(status, "text/plain", texts)
}

func (r *Response) want(status int, typ string, texts []string) string {
	r.client.t.Helper()
	r.WantStatus(status)
	if got, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); got != typ {
		r.fail("got content type %q, want %s", r.Header.Get("Content-Type"), typ)
	}
	for _, text := range texts {
		if !strings.Contains(r.Body, text) {
			r.fail("%q is not in the body", text)
		}
	}
	return r.Body
}

// WantJSON wants JSON with this status that is the same as want encoded: map[string]any{"id": 1}, a struct, or a json.RawMessage.
func (r *Response) WantJSON(status int, want any) {
	r.client.t.Helper()
	var got, wanted any
	r.DecodeJSON(status, &got)
	text, err := codec.Marshal(want)
	if err == nil {
		err = json.Unmarshal(text, &wanted)
	}
	if err != nil {
		r.client.t.Fatalf("conntest: what is wanted is no JSON: %v", err)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		r.fail("the JSON differs (- is wanted, + was got):\n%s", diff)
	}
}

// DecodeJSON wants JSON with this status, of which it fills what v points to.
func (r *Response) DecodeJSON(status int, v any) {
	r.client.t.Helper()
	r.WantStatus(status)
	typ, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if typ != "application/json" && !strings.HasSuffix(typ, "+json") {
		r.fail("got content type %q, want JSON", r.Header.Get("Content-Type"))
	}
	if err := codec.Unmarshal([]byte(r.Body), v); err != nil {
		r.fail("the body does not fit %T: %v", v, err)
	}
}

// WantError wants an answer with this status that a controller.Fallback, or an endpoint, has given for an error which is target (errors.Is). A nil target wants any error.
func (r *Response) WantError(status int, target error) {
	r.client.t.Helper()
	r.WantStatus(status)
	err := controller.AnsweredError(r.Request)
	switch {
	case err == nil:
		r.fail("no error was answered; want %v", target)
	case target != nil && !errors.Is(err, target):
		r.fail("the error was %v, want %v", err, target)
	}
}

// Session returns the session as the request has left it, or fails the test if no plug has loaded one.
func (r *Response) Session() *session.Session {
	r.client.t.Helper()
	s := session.Of(r.Request)
	if s == nil {
		r.fail("the request has no session: session.Load stands not in front of what answered")
	}
	return s
}

// Flash returns the message of a kind that the page of this answer shows, or, if it is a redirect, that the next one will; empty if there is none.
func (r *Response) Flash(kind string) string {
	r.client.t.Helper()
	r.Session()
	return session.Flash(r.Request)[kind]
}
