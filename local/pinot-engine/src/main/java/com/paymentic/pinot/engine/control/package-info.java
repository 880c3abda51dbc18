/**
 * The control plane: what a Pinot 1.5.1 controller and broker answer over HTTP.
 *
 * <p>{@link com.paymentic.pinot.engine.control.ControlPlane} wires it. A request goes from {@code HttpFront} (one a port)
 * through {@code Routes} and {@code AccessControl} to a resource class, one for each family of paths. Resources read and
 * change {@code ClusterState}, which is in memory and on disk by {@code MetadataStore}; tables are made, changed and removed
 * by {@code TableLifecycle}, which keeps disk and data plane in step. {@code TableRules} and {@code SchemaRules} are the
 * controller's own checks around Pinot's validators.
 *
 * <p>The words and statuses are those of recorded exchanges with a real cluster; the tests replay them. What only a cluster
 * can do is refused with 501 and "not supported by the local engine".
 */
package com.paymentic.pinot.engine.control;
