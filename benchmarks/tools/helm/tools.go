//go:build tools

// Package tools pins helm, a peer of the start-up benchmark.
package tools

import _ "helm.sh/helm/v4/cmd/helm"
