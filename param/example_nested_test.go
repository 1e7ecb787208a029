package param_test

import (
	"fmt"

	"github.com/bennu-go/bennu/param"
)

// A form with nested names becomes nested maps and lists, and a link can be made of such values.
func Example_nested() {
	p, err := param.Decode("user[name]=ada&user[roles][]=admin&user[roles][]=author&page=2")
	if err != nil {
		fmt.Println(err)
		return
	}
	user := p["user"].(map[string]any)
	fmt.Println(user["name"], user["roles"], p["page"])

	link, err := param.Encode(param.Map{"filter": map[string]any{"status": "open"}, "page": 3})
	fmt.Println(link, err)
	// Output:
	// ada [admin author] 2
	// filter[status]=open&page=3 <nil>
}
