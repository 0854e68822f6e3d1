// SPDX-License-Identifier: Apache-2.0

//go:build pins

// Package pins holds the modules of issue 5 in go.mod until its packages import them.
package pins

import (
	_ "github.com/charmbracelet/huh"
	_ "github.com/chromedp/chromedp"
	_ "github.com/coreos/go-oidc/v3/oidc"
	_ "github.com/creack/pty"
	_ "github.com/lestrrat-go/jwx/v3/jwe"
	_ "github.com/makiuchi-d/gozxing/qrcode"
	_ "github.com/mdp/qrterminal/v3"
	_ "github.com/zalando/go-keyring"
	_ "github.com/zitadel/oidc/v3/pkg/op"
	_ "golang.org/x/oauth2"
	_ "rsc.io/qr"
)
