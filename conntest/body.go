package conntest

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/bennu-go/bennu/internal/codec"
	"github.com/bennu-go/bennu/param"
)

// A Body is what a request carries. The zero Body is none.
type Body struct {
	// ContentType of the request.
	ContentType string
	// Content is sent as it is.
	Content []byte

	err error // of making it; fails the test that sends it
}

// JSON is v as JSON.
func JSON(v any) Body {
	content, err := codec.Marshal(v)
	return Body{"application/json", content, err}
}

// Form is what a browser sends of a form: param.Map{"user": param.Map{"name": "Ada"}} is user[name]=Ada.
func Form(fields param.Map) Body {
	content, err := param.Encode(fields)
	return Body{"application/x-www-form-urlencoded", []byte(content), err}
}

// A File is one that a form uploads.
type File struct {
	// Field is the name of the input: "user[avatar]".
	Field string
	// Name of the file.
	Name string
	// ContentType. Empty means application/octet-stream.
	ContentType string
	// Content of the file.
	Content []byte
}

// Multipart is what a browser sends of a form with files.
func Multipart(fields param.Map, files ...File) Body {
	query, err := param.Encode(fields)
	if err != nil {
		return Body{err: err}
	}
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if pair == "" {
			continue
		}
		name, _ = url.QueryUnescape(name)
		value, _ = url.QueryUnescape(value)
		m.WriteField(name, value) // to memory
	}
	for _, f := range files {
		if f.Field == "" {
			return Body{err: fmt.Errorf("the file %q has no Field", f.Name)}
		}
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", multipart.FileContentDisposition(f.Field, f.Name))
		if f.ContentType == "" {
			f.ContentType = "application/octet-stream"
		}
		h.Set("Content-Type", f.ContentType)
		part, _ := m.CreatePart(h)
		part.Write(f.Content)
	}
	m.Close()
	return Body{ContentType: m.FormDataContentType(), Content: b.Bytes()}
}

// readAll returns the body of r and leaves it in place.
func readAll(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	content, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(content))
	return content, err
}
