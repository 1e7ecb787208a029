package csrf_test

import (
	"fmt"

	"github.com/bennu-go/bennu/csrf"
)

// The session keeps the token, a form carries it masked, and the request that the form makes is checked.
func Example_form() {
	session := map[string]any{}
	if _, ok := session[csrf.SessionKey].(string); !ok {
		session[csrf.SessionKey] = csrf.New()
	}
	state := session[csrf.SessionKey].(string)

	hiddenInput := csrf.Mask(state)
	fmt.Println(len(hiddenInput))

	fmt.Println(csrf.Valid(state, hiddenInput))
	fmt.Println(csrf.Valid(state, csrf.Mask(csrf.New())))
	// Output:
	// 56
	// true
	// false
}
