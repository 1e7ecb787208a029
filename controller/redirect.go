package controller

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"

	"github.com/bennu-go/bennu/plug"
)

// Redirect answers 302 with a path of this site: "/rooms/1?page=2". What a browser could take for another site is refused with an [*UnsafeRedirectError], whose status is
// 400: targets come from parameters as often as from code. See [LocalPath] for what that is. The flash lives on.
func Redirect(w http.ResponseWriter, r *http.Request, to string) error {
	return RedirectStatus(w, r, http.StatusFound, to)
}

// RedirectStatus is [Redirect] with another status: 303 after a PUT or DELETE, so that browsers go on with GET; 307 or 308 to have them repeat the method; 301 for ever.
func RedirectStatus(w http.ResponseWriter, r *http.Request, status int, to string) error {
	path, err := LocalPath(to)
	if err != nil {
		return err
	}
	return redirect(w, r, status, path)
}

// RedirectExternal answers with any http or https URL, of another site for example. Do not give it what comes from a request.
func RedirectExternal(w http.ResponseWriter, r *http.Request, status int, to string) error {
	u, err := url.Parse(to)
	switch {
	case err != nil:
		return &UnsafeRedirectError{to, "it is no URL"}
	case u.Scheme != "http" && u.Scheme != "https":
		return &UnsafeRedirectError{to, "its scheme is neither http nor https"}
	case u.Host == "" || strings.ContainsAny(to, "\\\t\r\n\x00"):
		return &UnsafeRedirectError{to, "it is no whole URL"}
	case u.User != nil:
		return &UnsafeRedirectError{to, "it has a user name, behind which hosts hide"}
	}
	return redirect(w, r, status, asciiURL(to))
}

func redirect(w http.ResponseWriter, r *http.Request, status int, location string) error {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return fmt.Errorf("controller: redirecting: %d is no status of a redirect; use 301, 302, 303, 307 or 308", status)
	}
	w.Header().Set("Location", location)
	if strings.Contains(plug.Format(r), "json") || r.Method == http.MethodHead {
		w.WriteHeader(status)
		return nil
	}
	return write(w, status, typeHTML, []byte(`<html><body>You are being <a href="`+html.EscapeString(location)+`">redirected</a>.</body></html>`))
}

// An UnsafeRedirectError is a target that [Redirect] refuses.
type UnsafeRedirectError struct {
	To     string
	Reason string
}

// Error says what is wrong with the target.
func (e *UnsafeRedirectError) Error() string {
	return fmt.Sprintf("controller: redirecting to %q: %s", e.To, e.Reason)
}

// HTTPStatus returns 400.
func (e *UnsafeRedirectError) HTTPStatus() int { return http.StatusBadRequest }

// LocalPath returns to as the header Location has it, percent-encoded where needed, if all browsers take it for a path of this site: it begins with one slash, the next
// character is no slash even if it is decoded, and there are no backslashes and control characters in it, which browsers turn into slashes or leave out. "//evil", `/\evil`,
// "/<TAB>/evil" and "/%09/evil" are refused, as Phoenix does after CVE-2026-64941.
func LocalPath(to string) (string, error) {
	switch {
	case !strings.HasPrefix(to, "/"):
		return "", &UnsafeRedirectError{to, "it must begin with a slash; other sites are for RedirectExternal"}
	case strings.Contains(to, `\`):
		return "", &UnsafeRedirectError{to, "a browser takes backslashes for slashes"}
	}
	for i := range len(to) {
		if to[i] < ' ' || to[i] == 0x7f {
			return "", &UnsafeRedirectError{to, "it has control characters, which browsers leave out"}
		}
	}
	second := to[1:]
	for strings.HasPrefix(second, "%25") { // encoded again and again: some proxies decode
		second = "%" + second[3:]
	}
	if len(second) >= 3 && second[0] == '%' {
		if c, err := url.PathUnescape(second[:3]); err == nil {
			second = c
		}
	}
	if second != "" && (second[0] == '/' || second[0] == '\\' || second[0] < ' ' || second[0] == 0x7f) {
		return "", &UnsafeRedirectError{to, "what follows the first slash makes it another site"}
	}
	return asciiURL(to), nil
}

// asciiURL percent-encodes what has no place in a header of a URL: spaces, control characters and all that is not ASCII.
func asciiURL(s string) string {
	clean := true
	for i := range len(s) {
		clean = clean && s[i] > ' ' && s[i] < 0x7f
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c > ' ' && c < 0x7f {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
