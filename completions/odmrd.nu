module completions {

  # Hold a domain's mail, and release it on ATRN to whoever can prove it is theirs (RFC 2645)
  export extern odmrd [
    --config(-c): path        # The settings file
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help (see more with '--help')
    --version(-V)             # Print version
  ]

  # Serve until told to stop; SIGHUP reads settings, accounts and certificates anew
  export extern "odmrd run" [
    --config(-c): path        # The settings file
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
  ]

  # Judge settings and accounts, say what is wrong, and stop
  export extern "odmrd check-config" [
    --config(-c): path        # The settings file
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
  ]

  # Write commented settings, a self-signed certificate and the state directory
  export extern "odmrd init" [
    --dir: path               # The folder for the files; nothing in it is overwritten [default: that of --config]
    --state-dir: path         # Where mail will rest; a relative one starts at the folder of the settings
    --hostname: string        # The provider's full name [default: the system's]
    --no-certificate          # Make no certificate
    --user: string            # Whom the daemon becomes once its ports are bound; it gives this user the files it needs
    --config(-c): path        # The settings file
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
  ]

  # The customers
  export extern "odmrd account" [
    --config(-c): path        # The settings file
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
  ]

  # Add a customer
  export extern "odmrd account add" [
    --domain: string          # A domain whose mail is the customer's (repeatable)
    --alias: string           # Another name to log in with (repeatable)
    --submit                  # The customer may send mail of its own, through the smarthost
    --send-as: string         # A domain whose addresses it may send from, whoever fetches its mail: a login for sending alone has no --domain (repeatable)
    --dovecot                 # Keep no password: Dovecot has it, and is asked at odmr.dovecot_socket
    --password-stdin          # Read the password from the first line of standard input
    --password-file: path     # Read the password from the first line of a file
    --generate                # Make a password up and show it once
    --no-cram                 # Keep nothing for CRAM-MD5, whose secrets are worth the password; fetchmail then cannot log in
    --ntlm                    # Keep what NTLM needs, too, for a customer that runs Exchange 2003; as good as the password to whoever reads it
    --config(-c): path        # The settings file
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    name: string              # What the customer is called, and logs in as
  ]

  # Give a customer a new password
  export extern "odmrd account passwd" [
    --password-stdin          # Read the password from the first line of standard input
    --password-file: path     # Read the password from the first line of a file
    --generate                # Make a password up and show it once
    --no-cram                 # Keep nothing for CRAM-MD5, whose secrets are worth the password; fetchmail then cannot log in
    --ntlm                    # Keep what NTLM needs, too, for a customer that runs Exchange 2003; as good as the password to whoever reads it
    --config(-c): path        # The settings file
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    name: string              # Whose
  ]

  # List the customers
  export extern "odmrd account list" [
    --json                    # One JSON object a line
    --config(-c): path        # The settings file
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
  ]

  # Remove a customer; mail that waits for its domains stays
  export extern "odmrd account remove" [
    --config(-c): path        # The settings file
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
    name: string              # Whom
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "odmrd account help" [
  ]

  # Add a customer
  export extern "odmrd account help add" [
  ]

  # Give a customer a new password
  export extern "odmrd account help passwd" [
  ]

  # List the customers
  export extern "odmrd account help list" [
  ]

  # Remove a customer; mail that waits for its domains stays
  export extern "odmrd account help remove" [
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "odmrd account help help" [
  ]

  # Show the whole journey on this machine: a mail comes in and a customer collects it
  export extern "odmrd demo" [
    --keep                    # Leave the demo's folder behind, to look into
    --config(-c): path        # The settings file
    --no-input                # Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    --help(-h)                # Print help
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "odmrd help" [
  ]

  # Serve until told to stop; SIGHUP reads settings, accounts and certificates anew
  export extern "odmrd help run" [
  ]

  # Judge settings and accounts, say what is wrong, and stop
  export extern "odmrd help check-config" [
  ]

  # Write commented settings, a self-signed certificate and the state directory
  export extern "odmrd help init" [
  ]

  # The customers
  export extern "odmrd help account" [
  ]

  # Add a customer
  export extern "odmrd help account add" [
  ]

  # Give a customer a new password
  export extern "odmrd help account passwd" [
  ]

  # List the customers
  export extern "odmrd help account list" [
  ]

  # Remove a customer; mail that waits for its domains stays
  export extern "odmrd help account remove" [
  ]

  # Show the whole journey on this machine: a mail comes in and a customer collects it
  export extern "odmrd help demo" [
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "odmrd help help" [
  ]

}

export use completions *
