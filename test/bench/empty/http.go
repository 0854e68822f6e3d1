// SPDX-License-Identifier: Apache-2.0

// Command empty is the least static HTTPS server that Go makes: what a gateway's start is held against.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

// main serves at a free port with the certificate and key named by the arguments.
func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Println("empty answers at " + l.Addr().String())
		err = http.ServeTLS(l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), os.Args[1], os.Args[2])
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
