"""What this product never deploys: plain functions, and the CrossGuard pack that runs them."""
