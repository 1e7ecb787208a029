package accounts

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/bennu-go/bennu/examples/demo/chat"
)

// Bounds of what people type.
const (
	MinPassword = 8   // characters
	MaxPassword = 200 // bytes
	MaxEmail    = 160 // bytes
)

// Registration is what a new account takes.
type Registration struct {
	Name     string `param:"name"`
	Email    string `param:"email"`
	Password string `param:"password"`
}

func (in Registration) check() (User, Invalid) {
	bad := Invalid{}
	u := User{Name: checkName(in.Name, bad), Email: checkEmail(in.Email, bad)}
	checkPassword(in.Password, bad)
	return u, bad
}

// Change is what is to be different: nil leaves it. A new address or password takes the current password.
type Change struct {
	Name            *string `param:"name"`
	Email           *string `param:"email"`
	Password        *string `param:"password"`
	CurrentPassword string  `param:"current_password"`
}

func (in Change) secret() bool { return in.Email != nil || in.Password != nil }

func (in Change) check(u User) (User, Invalid) {
	bad := Invalid{}
	if in.Name != nil {
		u.Name = checkName(*in.Name, bad)
	}
	if in.Email != nil {
		u.Email = checkEmail(*in.Email, bad)
	}
	if in.Password != nil {
		checkPassword(*in.Password, bad)
	}
	return u, bad
}

func checkName(name string, bad Invalid) string {
	tidy, err := chat.CheckName(name)
	if err != nil {
		bad.add("name", err.Error())
	}
	return tidy
}

// checkEmail is content with what could be an address: whether it is one only a mail can tell.
func checkEmail(email string, bad Invalid) string {
	email = strings.TrimSpace(email)
	local, domain, _ := strings.Cut(email, "@")
	switch {
	case len(email) > MaxEmail:
		bad.add("email", fmt.Sprintf("must have at most %d characters", MaxEmail))
	case local == "" || domain == "" || strings.ContainsAny(email, " \t\r\n,;") || strings.Contains(domain, "@") || !utf8.ValidString(email):
		bad.add("email", "must have an @ sign and no spaces")
	}
	return email
}

func checkPassword(password string, bad Invalid) {
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		bad.add("password", fmt.Sprintf("must have at least %d characters", MinPassword))
	case len(password) > MaxPassword:
		bad.add("password", fmt.Sprintf("must have at most %d bytes", MaxPassword))
	}
}
