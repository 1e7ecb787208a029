package controller

import (
	"fmt"
	"net/http"
	"time"
)

// Errors that actions return, as they are or wrapped: fmt.Errorf("user %d: %w", id, controller.ErrNotFound). They are compared with errors.Is; an
// [*Error] of the same status is equal to them.
const (
	ErrBadRequest   statusError = http.StatusBadRequest
	ErrUnauthorized statusError = http.StatusUnauthorized // nobody is logged in
	ErrForbidden    statusError = http.StatusForbidden    // somebody is, and may not
	ErrNotFound     statusError = http.StatusNotFound
	ErrConflict     statusError = http.StatusConflict
	ErrGone         statusError = http.StatusGone
)

type statusError int

func (e statusError) Error() string   { return StatusText(int(e)) }
func (e statusError) HTTPStatus() int { return int(e) }

// An Error is a status and what to tell the client.
type Error struct {
	// Status of the answer, 400 to 599. Anything else counts as 500.
	Status int
	// Detail tells the client what was wrong, in place of the status's text. Clients see it below status 500 only.
	Detail string
	// Err is the cause, for logs. May be nil.
	Err error
}

// Error is the status, the detail and the cause.
func (e *Error) Error() string {
	s := StatusText(e.Status)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// HTTPStatus returns the status.
func (e *Error) HTTPStatus() int { return e.Status }

// Is makes errors.Is find [ErrNotFound] in an Error of status 404, and so on.
func (e *Error) Is(target error) bool {
	s, ok := target.(statusError)
	return ok && int(s) == e.Status
}

// Invalid is what is wrong with the fields of a form or of a JSON document. Its status is 422.
type Invalid map[string][]string

// Error lists the fields.
func (e Invalid) Error() string { return fmt.Sprintf("invalid: %v", map[string][]string(e)) }

// HTTPStatus returns 422.
func (e Invalid) HTTPStatus() int { return http.StatusUnprocessableEntity }

// Fields implements [FieldErrors].
func (e Invalid) Fields() map[string][]string { return e }

// FieldErrors is an error that knows what is wrong with which field: [Invalid], param.Errors and changesets. Its status is 422 if it does not say another.
type FieldErrors interface {
	error
	Fields() map[string][]string
}

// RateLimited says that the client has asked too often. Its status is 429.
type RateLimited struct {
	// After is when asking again makes sense, for the header Retry-After. Zero leaves that out.
	After time.Duration
}

// Error says how long to wait.
func (e *RateLimited) Error() string { return fmt.Sprintf("too many requests, again in %v", e.After) }

// HTTPStatus returns 429.
func (e *RateLimited) HTTPStatus() int { return http.StatusTooManyRequests }

// RetryAfter returns After. Any error with this method sets the header.
func (e *RateLimited) RetryAfter() time.Duration { return e.After }

// StatusText is http.StatusText with a text for every status: "Not Found", "Error 499".
func StatusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return fmt.Sprintf("Error %d", status)
}
