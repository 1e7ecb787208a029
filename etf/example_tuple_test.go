package etf_test

import (
	"fmt"

	"github.com/bennu-go/bennu/etf"
)

// A term that Elixir writes as {:ok, %{user_id: 42, roles: ["admin"]}} and a Go struct.
func Example() {
	type user struct {
		ID    int      `etf:"user_id,atom"`
		Roles []string `etf:"roles,atom"`
	}
	encoded, err := etf.Marshal(etf.Tuple{etf.Atom("ok"), user{42, []string{"admin"}}})
	if err != nil {
		panic(err)
	}

	var result [2]any
	if err := etf.Unmarshal(encoded, &result); err != nil {
		panic(err)
	}
	var back user
	if err := etf.Assign(&back, result[1]); err != nil {
		panic(err)
	}
	fmt.Println(result[0], back)

	_, err = etf.Decode([]byte{131, 104, 1, 112})
	fmt.Println(err)
	// Output:
	// ok {42 [admin]}
	// etf: offset 3: tag 112 (a function) is refused
}
