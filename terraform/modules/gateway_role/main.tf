resource "aws_iam_role" "gateway" {
  name                 = var.gateway_name
  path                 = var.role_path
  description          = "Assumed by the gateway ${var.gateway_name} to call its tools"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OneGatewayOfThisAccount"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "bedrock-agentcore.amazonaws.com" }
        Condition = {
          StringEquals = { "aws:SourceAccount" = var.account_id }
          # By its name: a gateway cannot be made without its role, and the service ends its id with ten characters that it draws
          # (botocore model: GatewayId). A shorter pattern would be another gateway's too.
          ArnLike = { "aws:SourceArn" = "arn:${var.partition}:bedrock-agentcore:${var.region}:${var.account_id}:gateway/${var.gateway_name}-??????????" }
        }
      },
    ]
  })

  tags = var.tags
}

resource "aws_iam_role_policy" "gateway" {
  name = var.gateway_name
  role = aws_iam_role.gateway.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "CallTheTool"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [var.function_arn]
      },
    ]
  })
}

# Whatever else the role is given later, by whomever, is a difference to Terraform, and the next apply takes it away.
resource "aws_iam_role_policies_exclusive" "gateway" {
  role_name    = aws_iam_role.gateway.name
  policy_names = [aws_iam_role_policy.gateway.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "gateway" {
  role_name   = aws_iam_role.gateway.name
  policy_arns = []
}
