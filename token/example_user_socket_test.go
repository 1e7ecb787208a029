package token_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bennu-go/bennu/token"
)

// A page gives the browser a token, and the socket's connect learns from it who is there.
func Example_userSocket() {
	tokens := token.New(token.Config{Secrets: token.Secrets{strings.Repeat("from the environment", 4)}})

	tok, err := tokens.Sign("user socket", "user-42")
	if err != nil {
		panic(err)
	}

	id, err := token.Verify[string](tokens, "user socket", tok, 24*time.Hour)
	fmt.Println(id, err)

	_, err = token.Verify[string](tokens, "password reset", tok, time.Hour)
	fmt.Println(errors.Is(err, token.ErrInvalid))
	// Output:
	// user-42 <nil>
	// true
}

// A new secret is put in front. What the old one made is accepted until that is dropped from the list.
func Example_rotation() {
	before, after := strings.Repeat("old secret ", 6), strings.Repeat("new secret ", 6)
	tok, err := token.New(token.Config{Secrets: token.Secrets{before}}).Encrypt("invitation", 7)
	if err != nil {
		panic(err)
	}

	rotated := token.New(token.Config{Secrets: token.Secrets{after, before}})
	room, err := token.Decrypt[int](rotated, "invitation", tok, 0)
	fmt.Println(room, err)

	_, err = token.Decrypt[int](token.New(token.Config{Secrets: token.Secrets{after}}), "invitation", tok, 0)
	fmt.Println(err)
	// Output:
	// 7 <nil>
	// token: invalid
}

// Elixir nodes with the same secret_key_base read these with Phoenix.Token, and Go reads theirs.
func Example_phoenix() {
	tokens := token.New(token.Config{Secrets: token.Secrets{strings.Repeat("a", 64)}, Format: token.Phoenix})
	tok, err := tokens.Sign("user socket", "42", token.SignedAt(time.Unix(1_700_000_000, 0)))
	fmt.Println(tok, err)
	// Output:
	// SFMyNTY.g2gDbQAAAAI0Mm4GAABo5c-LAWIAAVGA.LL_iighky5U4_hAdJIrxBgXThK4U9-pHBrjWCoRIEr8 <nil>
}
