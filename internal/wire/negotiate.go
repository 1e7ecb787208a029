package wire

import (
	"fmt"
	"reflect"
	"strings"
)

// DefaultVsn is what a client without a vsn parameter speaks.
const DefaultVsn = "1.0.0"

// Supported is one entry of a socket's list of serializers: the serializer for every version that Requirement allows.
// A requirement is "~> x.y.z", the version x.y.z or a later one of x.y, or "== x.y.z", that version alone.
type Supported struct {
	Serializer  Serializer
	Requirement string
}

// Validate reports whether the requirement can be read and a serializer is given that can be told from others, as connections that have the same one share what is
// encoded.
func (s Supported) Validate() error {
	if s.Serializer == nil {
		return fmt.Errorf("wire: serializer for %q is nil", s.Requirement)
	}
	if !reflect.ValueOf(s.Serializer).Comparable() {
		return fmt.Errorf("wire: the serializer for %q is a %T, whose values cannot be compared: give a pointer to it", s.Requirement, s.Serializer)
	}
	_, err := parseRequirement(s.Requirement)
	return err
}

// DefaultSupported returns the list that a socket has when none is given: V1 for ~> 1.0.0, V2 for ~> 2.0.0.
func DefaultSupported() []Supported {
	return []Supported{{V1{}, "~> 1.0.0"}, {V2{}, "~> 2.0.0"}}
}

// A VersionError says that no serializer fits the version a client asked for.
type VersionError struct {
	Vsn       string   // as the client gave it
	Malformed bool     // it is not a complete semantic version
	Supported []string // requirements of the socket's serializers, in order
}

// Error names what the client asked for and what it could have.
func (e *VersionError) Error() string {
	have := strings.Join(e.Supported, ", ")
	if e.Malformed {
		return fmt.Sprintf("wire: vsn %.40q is not a complete version such as 2.0.0; this socket speaks %s", e.Vsn, have)
	}
	return fmt.Sprintf("wire: no serializer for vsn %.40q; this socket speaks %s", e.Vsn, have)
}

// Negotiate picks a serializer from [DefaultSupported]; see [NegotiateIn].
func Negotiate(vsn string, present bool) (Serializer, error) {
	// Nearly every client there is asks for exactly this.
	if present && vsn == "2.0.0" {
		return V2{}, nil
	}
	return NegotiateIn(DefaultSupported(), vsn, present)
}

// NegotiateIn picks the first serializer of list whose requirement allows vsn, the value of a client's vsn parameter, or
// [DefaultVsn] when there was none. The error is a [*VersionError], unless list itself is wrong.
func NegotiateIn(list []Supported, vsn string, present bool) (Serializer, error) {
	if !present {
		vsn = DefaultVsn
	}
	v, ok := parseVersion(vsn)
	if ok {
		for _, s := range list {
			req, err := parseRequirement(s.Requirement)
			if err != nil {
				return nil, err
			}
			if req.allows(v) {
				return s.Serializer, nil
			}
		}
	}
	refused := &VersionError{Vsn: vsn, Malformed: !ok}
	for _, s := range list {
		refused.Supported = append(refused.Supported, s.Requirement)
	}
	return nil, refused
}
