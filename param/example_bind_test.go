package param_test

import (
	"errors"
	"fmt"

	"github.com/bennu-go/bennu/param"
)

// A struct takes the parameters that its tags name; what is wrong is told by field.
func ExampleBind() {
	type signUp struct {
		Email string `param:"email,required"`
		Age   int    `param:"age"`
		Admin bool   // nobody sets this with a parameter
	}
	p, _ := param.Decode("user[age]=x&user[Admin]=true")
	user, _ := p.Map("user")

	var in signUp
	err := param.Bind(user, &in)
	var errs param.Errors
	if errors.As(err, &errs) {
		fmt.Println(errs.Fields())
	}

	page, err := param.Or(p, "page", 1)
	fmt.Println(page, err, in.Admin)
	// Output:
	// map[age:[must be a whole number] email:[is required]]
	// 1 <nil> false
}
