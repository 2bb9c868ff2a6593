output "client_id" {
  description = "The one client that the gateway lets in. Read by the root module, for the gateway's allow-list."
  value       = module.client.client_id
}

output "scope" {
  description = "Scope that the gateway demands, as <identifier>/<scope>. Read by the root module, for the gateway's door and the probes."
  # By its parts, so that a plan shows it; through the resource server, so that a client naming it is made after it.
  value = local.scope

  depends_on = [aws_cognito_resource_server.gateway]
}
