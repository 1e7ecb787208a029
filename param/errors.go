package param

import (
	"net/http"
	"strings"
)

// An Error is what is wrong with one parameter. Its HTTP status is 400.
type Error struct {
	// Field is the parameter's name as a form has it: user[age].
	Field string
	// Reason is what is wrong, for people: "is required", "must be a whole number".
	Reason string
}

// Error is the field and the reason.
func (e *Error) Error() string { return "param: " + e.Field + " " + e.Reason }

// HTTPStatus returns 400.
func (e *Error) HTTPStatus() int { return http.StatusBadRequest }

// Errors is what [Bind] found wrong, in the order of the struct's fields. Its HTTP status is 422.
type Errors []*Error

// Error lists the fields and reasons.
func (e Errors) Error() string {
	var b strings.Builder
	b.WriteString("param: ")
	for i, one := range e {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(one.Field + " " + one.Reason)
	}
	return b.String()
}

// HTTPStatus returns 422.
func (e Errors) HTTPStatus() int { return http.StatusUnprocessableEntity }

// Fields returns the reasons by field, the shape in which forms and JSON clients show them.
func (e Errors) Fields() map[string][]string {
	fields := make(map[string][]string, len(e))
	for _, one := range e {
		fields[one.Field] = append(fields[one.Field], one.Reason)
	}
	return fields
}
