package plug

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bennu-go/bennu/param"
)

// form reads name=value&…
func (p *parse) form() error {
	text, err := p.readAll(p.cfg.MaxForm)
	if err != nil {
		return err
	}
	p.body, err = param.Decode(string(text))
	return err
}

// json reads a JSON value.
func (p *parse) json() error {
	text, err := p.readAll(p.cfg.MaxJSON)
	if err != nil {
		return err
	}
	if len(text) == 0 {
		p.body = param.Map{}
		return nil
	}
	if !utf8.Valid(text) {
		return badRequest("the JSON is not UTF-8", nil)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return badRequest("the JSON does not decode", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return badRequest("there is something behind the JSON value", nil)
	}
	v, err = plainNumbers(v)
	if err != nil {
		return badRequest("the JSON does not decode", err)
	}
	if m, ok := v.(map[string]any); ok && !p.cfg.NestJSON {
		p.body = m
	} else {
		p.body = param.Map{"_json": v}
	}
	return nil
}

// plainNumbers puts an int64, or a float64 where that does not do, in place of every json.Number, so that identifiers stay exact. It changes v.
func plainNumbers(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i, nil
		}
		return v.Float64()
	case map[string]any:
		for k, item := range v {
			if v[k], err = plainNumbers(item); err != nil {
				return nil, err
			}
		}
	case []any:
		for i, item := range v {
			if v[i], err = plainNumbers(item); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// readAll reads the body, and leaves it behind to be read again.
func (p *parse) readAll(limit int64) ([]byte, error) {
	body, err := p.open(limit)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, p.readError(err)
	}
	p.close()
	if int64(len(text)) > limit {
		return nil, tooLarge(limit)
	}
	p.r.Body = io.NopCloser(bytes.NewReader(text))
	return text, nil
}

// open returns what is to be parsed: the body without its compression, with a time-out for every read.
func (p *parse) open(limit int64) (io.Reader, error) {
	var body io.Reader = p.r.Body
	if p.cfg.ReadTimeout > 0 {
		body = &timedReader{body, http.NewResponseController(p.w), p.cfg.ReadTimeout}
	}
	switch coding := strings.ToLower(strings.TrimSpace(strings.Join(p.r.Header["Content-Encoding"], ","))); {
	case coding == "", coding == "identity":
		if p.r.ContentLength > limit {
			return nil, tooLarge(limit)
		}
		return body, nil
	case coding == "gzip" && p.cfg.Gzip:
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, p.readError(err)
		}
		p.r.Header.Del("Content-Encoding")
		p.r.Header.Del("Content-Length")
		p.r.ContentLength = -1
		return z, nil
	default:
		return nil, &Error{Status: http.StatusUnsupportedMediaType, Reason: fmt.Sprintf("a body with Content-Encoding %.50q is not taken", coding)}
	}
}

// close gives the connection back without a deadline: what comes next has its own.
func (p *parse) close() {
	if p.cfg.ReadTimeout > 0 {
		_ = http.NewResponseController(p.w).SetReadDeadline(time.Time{}) // a writer without deadlines had none set
	}
}

// timedReader gives each read its time.
type timedReader struct {
	io.Reader
	conn    *http.ResponseController
	timeout time.Duration
}

func (t *timedReader) Read(b []byte) (int, error) {
	_ = t.conn.SetReadDeadline(time.Now().Add(t.timeout)) // tests have writers without
	return t.Reader.Read(b)
}

func tooLarge(limit int64) error {
	return &Error{Status: http.StatusRequestEntityTooLarge, Reason: fmt.Sprintf("the body has more than %d bytes", limit)}
}

// readError says what a failure to read the body is answered with. After one the deadline stays, so that the server does not wait for the rest.
func (p *parse) readError(err error) error {
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.w.Header().Set("Connection", "close")
		return &Error{Status: http.StatusRequestTimeout, Reason: "the body did not come in time", Err: err}
	}
	return badRequest("the body is broken", err)
}
