package controller

import (
	"context"
	"html/template"
	"io"
	"net/http"
	"strings"

	"github.com/bennu-go/bennu/internal/codec"
)

const (
	typeJSON = "application/json; charset=utf-8"
	typeHTML = "text/html; charset=utf-8"
	typeText = "text/plain; charset=utf-8"
)

// JSON answers with v as JSON: nil slices are [], nil maps {}.
func JSON(w http.ResponseWriter, status int, v any) error {
	body, err := codec.Marshal(v)
	if err != nil {
		return err
	}
	return write(w, status, typeJSON, body)
}

// Created answers 201 with the place of what was made in the header Location, and v as JSON.
func Created(w http.ResponseWriter, location string, v any) error {
	body, err := codec.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Location", asciiURL(location))
	return write(w, http.StatusCreated, typeJSON, body)
}

// Text answers with plain text.
func Text(w http.ResponseWriter, status int, text string) error {
	setType(w, typeText)
	w.WriteHeader(status)
	io.WriteString(w, text)
	return nil
}

// NoContent answers 204.
func NoContent(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// HTML answers with a component alone. [Render] puts layouts around.
func HTML(w http.ResponseWriter, r *http.Request, status int, c Component) error {
	var body strings.Builder
	if err := c.Render(r.Context(), &body); err != nil {
		return err
	}
	setType(w, typeHTML)
	w.WriteHeader(status)
	io.WriteString(w, body.String())
	return nil
}

// A Component is HTML that writes itself, with everything escaped that needs it. Components that templ generates are such.
type Component interface {
	Render(ctx context.Context, w io.Writer) error
}

// A ComponentFunc is a function that is a [Component].
type ComponentFunc func(ctx context.Context, w io.Writer) error

// Render implements [Component].
func (f ComponentFunc) Render(ctx context.Context, w io.Writer) error { return f(ctx, w) }

// Template is a template of html/template as a [Component]. An empty name is t itself, any other one of those associated with it.
func Template(t *template.Template, name string, data any) Component {
	return ComponentFunc(func(_ context.Context, w io.Writer) error {
		if name == "" {
			return t.Execute(w, data)
		}
		return t.ExecuteTemplate(w, name, data)
	})
}

// write returns no error: when it fails the header is sent and the client has left, which is not the action's mistake.
func write(w http.ResponseWriter, status int, contentType string, body []byte) error {
	setType(w, contentType)
	w.WriteHeader(status)
	w.Write(body)
	return nil
}

func setType(w http.ResponseWriter, contentType string) {
	if h := w.Header(); len(h["Content-Type"]) == 0 {
		h.Set("Content-Type", contentType)
	}
}
