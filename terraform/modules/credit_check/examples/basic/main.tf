module "credit_check" {
  source = "../.."

  account_id   = "111122223333"
  name_prefix  = "mortgage-dev"
  package_hash = "jZae727K08KaOmKSgOaGzww/XVqGr/PKEgIMkjrcbJI="
  package_path = "credit_check.zip"
  partition    = "aws"
  region       = "us-east-1"
}
