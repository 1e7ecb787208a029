package web

import (
	"context"
	"embed"
	"html/template"
	"io"
	"net/http"
	"unicode"
	"unicode/utf8"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/examples/demo/accounts"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/session"
)

//go:embed pages/*.html
var pageFiles embed.FS

// templates are the pages, by name, each with the layout around.
var templates = parsePages("chat", "error", "log_in", "profile", "register")

func parsePages(names ...string) map[string]*template.Template {
	layout := template.Must(template.New("").Funcs(template.FuncMap{"avatar": func(u *accounts.User) string { return avatarPath(*u) }, "initial": initial}).ParseFS(pageFiles, "pages/head.html", "pages/layout.html"))
	pages := make(map[string]*template.Template, len(names))
	for _, name := range names {
		pages[name] = template.Must(template.Must(layout.Clone()).ParseFS(pageFiles, "pages/"+name+".html"))
	}
	return pages
}

// initial stands in for a picture.
func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(r))
}

// view is what templates see.
type view struct {
	Title  string
	User   *accounts.User // nil: nobody is logged in
	Flash  map[string]string
	CSRF   string
	Nonce  string
	Fields map[string]string   // what was typed into the form before
	Errors map[string][]string // what is wrong with it
	Error  controller.ErrorInfo
}

func viewOf(r *http.Request, title string) view {
	v := view{Title: title, Nonce: plug.CSPNonce(r)}
	if session.Of(r) != nil { // pages of errors are shown without
		v.CSRF, v.Flash = plug.CSRFToken(r), session.Flash(r)
	}
	if p, ok := plug.CurrentUser[Person](r); ok {
		v.User = &p.User
	}
	return v
}

// show answers with a page; most of them within the layout.
func show(w http.ResponseWriter, r *http.Request, status int, name string, v view) error {
	return controller.HTML(w, r, status, pageOfTemplate(name, v))
}

func pageOfTemplate(name string, v view) controller.Component {
	t := templates[name]
	root := "layout"
	if t.Lookup("page") != nil { // it is a whole page by itself
		root = "page"
	}
	return controller.ComponentFunc(func(_ context.Context, w io.Writer) error { return t.ExecuteTemplate(w, root, v) })
}

// errorPage says what went wrong, as far as it is the reader's business.
func errorPage(r *http.Request, e controller.ErrorInfo) controller.Component {
	v := view{Title: controller.StatusText(e.Status), Nonce: plug.CSPNonce(r), Error: e}
	if p, ok := plug.CurrentUser[Person](r); ok {
		v.User = &p.User
	}
	return pageOfTemplate("error", v)
}
