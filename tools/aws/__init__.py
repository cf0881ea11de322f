"""AWS accounts: profiles, the tools that read and change them, and live views of them."""
